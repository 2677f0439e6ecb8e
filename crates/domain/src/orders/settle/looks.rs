//! What one process has seen of stuck orders and of numbers that nobody owns.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use crate::{
    ids::{ExternalId, OrderId, ProviderId},
    orders::Order,
};

/// Remembers with which look at a provider's list an order, or a number, came into sight.
///
/// No purchase is worked on any more once its order is stuck. So its number, if one was sold, is
/// in the first complete list read after that, and what comes into sight later is somebody else's.
/// Looks are counted and not timed, because the clocks of two workers differ. What is forgotten,
/// as in a restart, comes into sight anew: that only makes the process wait longer.
///
/// Holds no more than one batch of orders and, per provider, one list.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<HashMap<ProviderId, Look>>);

/// What is in sight at one provider, with the look at which each came into sight.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    number: u64,
    orders: HashMap<(OrderId, i16), u64>,
    numbers: HashMap<ExternalId, u64>,
}

impl Looks {
    /// Notes a look: `numbers` is what a complete list had that nobody owns, read after `orders`
    /// were found to be stuck.
    pub(super) fn look<'a>(
        &self,
        provider: ProviderId,
        orders: &[Order],
        numbers: impl Iterator<Item = &'a ExternalId>,
    ) -> Look {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.is_empty() {
            // Nobody waits, so nothing need be told apart.
            looks.remove(&provider);
            return Look::default();
        }
        let look = looks.entry(provider).or_default();
        look.number = look.number.saturating_add(1);
        keep_in_sight(&mut look.orders, look.number, orders.iter().map(key).collect());
        keep_in_sight(&mut look.numbers, look.number, numbers.cloned().collect());
        look.clone()
    }
}

impl Look {
    /// Whether a number was in sight no later than an order, so that it may be that order's.
    pub(super) fn may_be_of(&self, order: &Order, number: &ExternalId) -> bool {
        match (self.orders.get(&key(order)), self.numbers.get(number)) {
            (Some(order), Some(number)) => number <= order,
            // Out of sight: nothing is known that speaks against it.
            _ => true,
        }
    }
}

/// A further attempt asks a provider anew, so it is a different thing to wait for.
const fn key(order: &Order) -> (OrderId, i16) {
    (order.id, order.attempt)
}

fn keep_in_sight<K: Eq + std::hash::Hash>(
    known: &mut HashMap<K, u64>,
    number: u64,
    seen: HashSet<K>,
) {
    known.retain(|key, _| seen.contains(key));
    for key in seen {
        known.entry(key).or_insert(number);
    }
}
