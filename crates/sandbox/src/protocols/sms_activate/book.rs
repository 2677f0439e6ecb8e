use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::{
    Action, FaultPlan,
    activation::{Activation, Delivery, Sms, Status},
    callback::Callback,
    refusal::Refusal,
};
use crate::{
    catalog::{self, Offer},
    clock::Moment,
    decimal::Decimal,
};

/// Ended activations kept for status queries; about 100 MB when each got one message.
const KEPT_ENDED: usize = 200_000;

/// A new account can buy for as long as a demo runs.
const FIRST_BALANCE: Decimal = Decimal::cents(1_000_000);

/// What the control API can change about a provider.
pub(crate) struct Settings {
    pub(crate) api_key: String,
    pub(crate) callback_url: Option<String>,
    pub(crate) min_cancel_seconds: u32,
    pub(crate) lifetime_seconds: u32,
    pub(crate) callback_retry_ms: u64,
}

/// Sends a message for every sale by itself.
#[derive(Clone, Debug)]
pub(crate) struct Autopilot {
    pub(crate) sms_after_ms: u64,
    /// `{code}` and `{service}` are replaced.
    pub(crate) text: String,
}

/// One request for a number.
#[derive(Default)]
pub(super) struct Purchase<'a> {
    pub(super) service: &'a str,
    /// Absent means Russia, whose number is 0.
    pub(super) country: Option<&'a str>,
    pub(super) operator: Option<&'a str>,
    pub(super) max_price: Option<&'a str>,
    pub(super) order_id: Option<&'a str>,
    pub(super) price_multiplier: Option<Decimal>,
}

/// Everything one provider knows: what it sells, what it sold and the customer's money.
pub(super) struct Book {
    pub(super) settings: Settings,
    pub(super) faults: FaultPlan,
    pub(super) autopilot: Option<Autopilot>,
    pub(super) balance: Decimal,
    pub(super) charged: Decimal,
    pub(super) refunded: Decimal,
    pub(super) offers: Vec<Offer>,
    pub(super) calls: BTreeMap<Action, u64>,
    /// Callbacks waiting to be sent in the wrong order.
    pub(super) held: Vec<Callback>,
    activations: BTreeMap<u32, Activation>,
    open: BTreeSet<(Moment, u32)>,
    ended: VecDeque<u32>,
    by_phone: HashMap<u64, u32>,
    by_order: HashMap<Box<str>, u32>,
    seed: u64,
    first_id: u32,
    sold: u32,
    now: Moment,
}

impl Book {
    pub(super) fn new(settings: Settings, seed: u64, offers: Vec<Offer>, first_id: u32) -> Self {
        Self {
            settings,
            faults: FaultPlan::default(),
            autopilot: None,
            balance: FIRST_BALANCE,
            charged: Decimal::ZERO,
            refunded: Decimal::ZERO,
            offers,
            calls: BTreeMap::new(),
            held: Vec::new(),
            activations: BTreeMap::new(),
            open: BTreeSet::new(),
            ended: VecDeque::new(),
            by_phone: HashMap::new(),
            by_order: HashMap::new(),
            seed,
            first_id,
            sold: 0,
            now: Moment::real(),
        }
    }

    /// Moves to the present and ends what has run out by then.
    pub(super) fn turn_to(&mut self, now: Moment) {
        self.now = now;
        while let Some(&(deadline, id)) = self.open.first()
            && deadline <= now
        {
            let came = self.activations.get(&id).is_some_and(|it| it.status != Status::Waiting);
            self.end(id, if came { Status::Finished } else { Status::Expired });
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.now
    }

    /// Sells a number and charges for it.
    pub(super) fn buy(&mut self, purchase: &Purchase<'_>) -> Result<&Activation, Refusal> {
        if purchase.order_id.is_some_and(|id| self.by_order.contains_key(id)) {
            return Err(Refusal::OrderAlreadyExists);
        }
        let offer = wanted(&mut self.offers, purchase)?;
        let cost = purchase.price_multiplier.map_or(offer.price, |by| offer.price.times(by));
        if cost > self.balance {
            return Err(Refusal::NoBalance);
        }
        offer.stock -= 1;
        self.balance = self.balance.minus(cost);
        self.charged = self.charged.plus(cost);
        let turn = self.sold;
        self.sold += 1;
        let activation = Activation {
            id: self.first_id + turn,
            phone: catalog::phone(self.seed, offer.country, u64::from(turn)),
            service: offer.service,
            country: offer.country,
            operator: operator(offer, purchase.operator),
            cost,
            status: Status::Waiting,
            created_at: self.now,
            deadline: self.now.plus_seconds(self.settings.lifetime_seconds),
            order_id: purchase.order_id.map(Box::from),
            sms: Vec::new(),
            callbacks: Vec::new(),
        };
        Ok(self.enter(activation))
    }

    /// What renting the number of a finished activation again costs now.
    pub(super) fn extra_cost(&self, id: u32) -> Result<Decimal, Refusal> {
        let before = self.activations.get(&id).ok_or(Refusal::WrongActivationId)?;
        let latest = self.by_phone.get(&before.phone).and_then(|id| self.activations.get(id));
        let in_use = latest.is_some_and(|latest| latest.status.is_open());
        let (service, country) = (before.service.code, before.country.id);
        let offer = self
            .offers
            .iter()
            .find(|offer| offer.country.id == country && offer.service.code == service);
        match offer {
            Some(offer) if before.status == Status::Finished && !in_use => Ok(offer.price),
            _ => Err(Refusal::RenewNotAvailable),
        }
    }

    /// Sells the number of a finished activation again, under an id of its own.
    pub(super) fn buy_again(
        &mut self,
        id: u32,
        multiplier: Option<Decimal>,
    ) -> Result<&Activation, Refusal> {
        let price = self.extra_cost(id)?;
        let cost = multiplier.map_or(price, |by| price.times(by));
        if cost > self.balance {
            return Err(Refusal::NoBalance);
        }
        let before = self.activations.get(&id).ok_or(Refusal::WrongActivationId)?;
        let activation = Activation {
            id: self.first_id + self.sold,
            phone: before.phone,
            service: before.service,
            country: before.country,
            operator: before.operator,
            cost,
            status: Status::Waiting,
            created_at: self.now,
            deadline: self.now.plus_seconds(self.settings.lifetime_seconds),
            order_id: None,
            sms: Vec::new(),
            callbacks: Vec::new(),
        };
        self.sold += 1;
        self.balance = self.balance.minus(cost);
        self.charged = self.charged.plus(cost);
        Ok(self.enter(activation))
    }

    /// Stores a text message. Only an open activation can get one.
    pub(super) fn receive(&mut self, id: u32, text: &str, code: &str) -> Option<&Activation> {
        let received_at = self.now;
        let activation = self.activations.get_mut(&id).filter(|it| it.status.is_open())?;
        // A colon inside a code would read as a separator on the wire.
        let sms = Sms { text: text.into(), code: code.replace(':', ".").into(), received_at };
        activation.sms.push(sms);
        activation.status = Status::Received;
        Some(activation)
    }

    /// Changes the state of an open activation and nothing else.
    pub(super) fn mark(&mut self, id: u32, status: Status) {
        if let Some(activation) = self.activations.get_mut(&id) {
            activation.status = status;
        }
    }

    /// Ends an open activation, with the money and the number given back when no message came.
    pub(super) fn end(&mut self, id: u32, status: Status) {
        let Some(activation) = self.activations.get_mut(&id) else { return };
        activation.status = status;
        self.open.remove(&(activation.deadline, id));
        if status.is_refunded() {
            self.balance = self.balance.plus(activation.cost);
            self.refunded = self.refunded.plus(activation.cost);
            let (service, country) = (activation.service.code, activation.country.id);
            if let Some(offer) = find(&mut self.offers, service, country) {
                offer.stock += 1;
            }
        }
        self.ended.push_back(id);
        if self.ended.len() > KEPT_ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.forget(oldest);
        }
    }

    pub(super) fn record_callback(&mut self, id: u32, status: u16) {
        let at = self.now;
        if let Some(activation) = self.activations.get_mut(&id) {
            activation.callbacks.push(Delivery { at, status });
        }
    }

    /// Gives every open activation the present lifetime, counted from its sale.
    pub(super) fn restart_deadlines(&mut self) {
        let lifetime = self.settings.lifetime_seconds;
        for (_, id) in std::mem::take(&mut self.open) {
            if let Some(activation) = self.activations.get_mut(&id) {
                activation.deadline = activation.created_at.plus_seconds(lifetime);
                self.open.insert((activation.deadline, id));
            }
        }
    }

    pub(super) fn activation(&self, id: u32) -> Option<&Activation> {
        self.activations.get(&id)
    }

    /// The latest sale of that number.
    pub(super) fn id_of_phone(&self, phone: u64) -> Option<u32> {
        self.by_phone.get(&phone).copied()
    }

    /// All activations kept, newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Activation> {
        self.activations.values().rev()
    }

    /// The activations that have not ended, newest first.
    pub(super) fn newest_open(&self) -> impl Iterator<Item = &Activation> {
        self.open.iter().rev().filter_map(|(_, id)| self.activations.get(id))
    }

    fn enter(&mut self, activation: Activation) -> &Activation {
        let id = activation.id;
        self.open.insert((activation.deadline, id));
        self.by_phone.insert(activation.phone, id);
        if let Some(order_id) = &activation.order_id {
            self.by_order.insert(order_id.clone(), id);
        }
        self.activations.entry(id).or_insert(activation)
    }

    fn forget(&mut self, id: u32) {
        let Some(activation) = self.activations.remove(&id) else { return };
        if self.by_phone.get(&activation.phone) == Some(&id) {
            self.by_phone.remove(&activation.phone);
        }
        if let Some(order_id) = activation.order_id {
            self.by_order.remove(&order_id);
        }
    }
}

/// The offer a purchase asks for, if it is in stock and cheap enough.
fn wanted<'a>(offers: &'a mut [Offer], purchase: &Purchase<'_>) -> Result<&'a mut Offer, Refusal> {
    if !catalog::SERVICES.iter().any(|service| service.code == purchase.service) {
        return Err(Refusal::BadService);
    }
    let country = purchase.country.unwrap_or("0").parse().map_err(|_| Refusal::NoNumbers)?;
    let offer = find(offers, purchase.service, country).ok_or(Refusal::NoNumbers)?;
    if offer.stock == 0 {
        return Err(Refusal::NoNumbers);
    }
    let limit = purchase.max_price.map(|limit| Decimal::parse(limit).unwrap_or_default());
    if limit.is_some_and(|limit| limit < offer.price) {
        return Err(Refusal::WrongMaxPrice(offer.price));
    }
    Ok(offer)
}

fn find<'a>(offers: &'a mut [Offer], service: &str, country: u32) -> Option<&'a mut Offer> {
    offers.iter_mut().find(|offer| offer.country.id == country && offer.service.code == service)
}

/// The first operator asked for that exists in the country, or else the country's first.
fn operator(offer: &Offer, asked: Option<&str>) -> &'static str {
    let [first, _] = offer.country.operators;
    let asked = asked.unwrap_or("").split(',');
    let mut known = asked.filter_map(|name| offer.country.operators.iter().find(|it| **it == name));
    known.next().copied().unwrap_or(first)
}
