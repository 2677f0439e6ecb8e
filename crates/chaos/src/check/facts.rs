use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    evidence::{Activation, Books, Evidence, Order, World},
    history::{Answer, Call, What},
};

/// A call from its beginning to its end.
#[derive(Debug, Clone)]
pub(crate) struct Attempt<'a> {
    pub(crate) customer: i64,
    pub(crate) call: &'a Call,
    pub(crate) begun_ms: u64,
    /// Absent when the run ended first.
    pub(crate) end: Option<(u64, &'a Answer)>,
}

/// The evidence, ordered for looking things up.
pub(crate) struct Facts<'a> {
    pub(crate) evidence: &'a Evidence,
    /// In the order of their beginnings.
    pub(crate) attempts: Vec<Attempt<'a>>,
    /// All attempts of a purchase, by customer and key.
    pub(crate) purchases: BTreeMap<(i64, &'a str), Vec<Attempt<'a>>>,
    /// By id.
    pub(crate) orders: HashMap<i64, &'a Order>,
    /// By provider and its id.
    pub(crate) sold: HashMap<(&'a str, &'a str), &'a Activation>,
    /// The start of the run on the clock of the database.
    pub(crate) started_ms: u64,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(evidence: &'a Evidence) -> Self {
        let mut attempts: Vec<Attempt<'a>> = Vec::new();
        let mut places = HashMap::new();
        let mut started_ms = 0;
        for entry in &evidence.history {
            match &entry.what {
                What::Begin(header) => started_ms = header.unix_ms,
                What::Invoke { call, customer, what, .. } => {
                    places.insert(*call, attempts.len());
                    let begun_ms = entry.at_ms;
                    attempts.push(Attempt { customer: *customer, call: what, begun_ms, end: None });
                }
                What::Return { call, answer } => {
                    let place = places.get(call).and_then(|place| attempts.get_mut(*place));
                    if let Some(attempt) = place {
                        attempt.end = Some((entry.at_ms, answer));
                    }
                }
                _ => {}
            }
        }
        let mut purchases: BTreeMap<_, Vec<Attempt<'a>>> = BTreeMap::new();
        for attempt in &attempts {
            if let Call::Buy { key, .. } = attempt.call {
                purchases
                    .entry((attempt.customer, key.as_str()))
                    .or_default()
                    .push(attempt.clone());
            }
        }
        let orders = evidence.books.orders.iter().map(|order| (order.id, order)).collect();
        let sold = evidence.world.activations.iter();
        let sold = sold.map(|one| ((one.provider.as_str(), one.id.as_str()), one)).collect();
        Self { evidence, attempts, purchases, orders, sold, started_ms }
    }

    pub(crate) fn books(&self) -> &'a Books {
        &self.evidence.books
    }

    pub(crate) fn world(&self) -> &'a World {
        &self.evidence.world
    }

    /// Numbers that got a message and that no order has: we pay for them.
    pub(crate) fn orphans(&self) -> Vec<&'a Activation> {
        let owned: HashSet<(&str, &str)> = self
            .books()
            .orders
            .iter()
            .filter_map(|order| Some((order.provider.as_str(), order.external_id.as_deref()?)))
            .collect();
        let sold = self.world().activations.iter().filter(|it| !it.messages.is_empty());
        sold.filter(|it| !owned.contains(&(it.provider.as_str(), it.id.as_str()))).collect()
    }

    /// The number that an order rented.
    pub(crate) fn activation_of(&self, order: &Order) -> Option<&'a Activation> {
        let external = order.external_id.as_deref()?;
        self.sold.get(&(order.provider.as_str(), external)).copied()
    }
}

/// Whether an order has ended with its price earned.
pub(super) fn is_earned(order: &Order) -> bool {
    matches!(order.state.as_str(), "OTP_RECEIVED" | "COMPLETED")
}

/// Whether an order still holds its price.
pub(super) fn is_holding(order: &Order) -> bool {
    matches!(order.state.as_str(), "RESERVING" | "ACTIVE")
}
