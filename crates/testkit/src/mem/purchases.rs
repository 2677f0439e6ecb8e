use async_trait::async_trait;
use domain::{
    ids::{OrderId, UserId},
    ledger::PostError,
    orders::{Claim, Order, Purchases, RequestKey, Reservation, ReserveError, Reserved, Status},
    outbox::{Event, EventKind},
    rates::Rate,
    store::StoreError,
};

use super::{
    MemStore,
    orders::activation_is_taken,
    state::{OrderRow, Request, State, misuse, next_id},
};

/// What `key` stands for, if it was used.
fn replay(
    state: &State,
    user: UserId,
    key: &RequestKey,
) -> Result<Option<Vec<OrderId>>, ReserveError> {
    let known = state.requests.get(&(user, key.operation, key.key.as_str().to_owned()));
    match known {
        None => Ok(None),
        Some(known) if known.fingerprint == key.fingerprint => Ok(Some(known.orders.clone())),
        Some(_) => Err(ReserveError::KeyReused),
    }
}

/// How many orders of `user` wait for their first message.
fn unfinished(state: &State, user: UserId) -> usize {
    let waiting = |order: &Order| matches!(order.status(), Status::Reserving | Status::Active);
    state.orders.values().filter(|row| row.order.user == user && waiting(&row.order)).count()
}

/// As many of the draft as the wallet can pay and may be unfinished at once, one at least.
fn hold_all(state: &mut State, reservation: &Reservation) -> Result<Vec<Order>, ReserveError> {
    let mut orders = Vec::new();
    let most = reservation.most_unfinished;
    let before = unfinished(state, reservation.draft.user);
    for _ in 0..reservation.quantity {
        if before + orders.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
            if orders.is_empty() {
                return Err(ReserveError::TooMany(most));
            }
            break;
        }
        let id = OrderId::new(next_id(&state.orders, |id| id.get()));
        let order = Order { id, ..reservation.draft.clone() };
        let mut books = state.books.clone();
        match books.post(&order.money().hold()) {
            Ok(_) => {}
            Err(PostError::InsufficientFunds) if !orders.is_empty() => break,
            Err(PostError::InsufficientFunds) => return Err(ReserveError::InsufficientFunds),
            Err(PostError::Frozen) => return Err(ReserveError::Frozen),
            Err(PostError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(misuse(&error.to_string()).into()),
        }
        state.books = books;
        state.orders.insert(id, OrderRow::new(order.clone()));
        orders.push(order);
    }
    Ok(orders)
}

#[async_trait]
impl Purchases for MemStore {
    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, ReserveError> {
        self.write("reserve", |state| {
            let user = reservation.draft.user;
            if let Some(key) = &reservation.key
                && let Some(orders) = replay(state, user, key)?
            {
                return Ok(Reserved::Replay(orders));
            }
            let at = reservation.draft.created_at;
            if let Some(ban) = state.conducts.ban(user, at) {
                return Err(ReserveError::Banned(ban));
            }
            let orders = hold_all(state, reservation)?;
            if let Some(RequestKey { key, operation, fingerprint }) = &reservation.key {
                let fingerprint = fingerprint.clone();
                let ids = orders.iter().map(|order| order.id).collect();
                let request = Request { fingerprint, orders: ids, shown_at: None };
                state.requests.insert((user, *operation, key.as_str().to_owned()), request);
            }
            Ok(Reserved::New(orders))
        })
        .await
    }

    async fn replay(
        &self,
        user: UserId,
        key: &RequestKey,
    ) -> Result<Option<Vec<OrderId>>, ReserveError> {
        self.write("replay", |state| replay(state, user, key)).await
    }

    async fn pin_rate(
        &self,
        user: UserId,
        key: &RequestKey,
        rate: Rate,
    ) -> Result<Option<Rate>, StoreError> {
        self.write("pin_rate", |state| {
            let request = (user, key.operation, key.key.as_str().to_owned());
            let known = state.requests.get_mut(&request);
            Ok(known.map(|known| *known.shown_at.get_or_insert(rate)))
        })
        .await
    }

    async fn activate(&self, order: &Order) -> Result<Claim, StoreError> {
        self.write("activate", |state| Ok(activate(state, order))).await
    }

    async fn activate_orphan(&self, order: &Order) -> Result<Claim, StoreError> {
        self.write("activate_orphan", |state| {
            let id = order.lease().map(|lease| lease.external_id.as_str().to_owned());
            let orphan = id.and_then(|id| state.orphans.get(&(order.quote.provider, id)));
            match orphan {
                Some(orphan) if !orphan.is_written_off => Ok(activate(state, order)),
                _ => Ok(Claim::Taken),
            }
        })
        .await
    }
}

fn activate(state: &mut State, order: &Order) -> Claim {
    let taken = activation_is_taken(state, order);
    let Some(row) = state.orders.get_mut(&order.id) else { return Claim::Lost };
    let stored = &row.order;
    if stored.status() != Status::Reserving || stored.attempt != order.attempt {
        return Claim::Lost;
    }
    if taken {
        return Claim::Taken;
    }
    row.order = order.clone();
    let event = Event { user: order.user, order: order.id, kind: EventKind::OrderActive };
    state.fresh_events.push((event, order.changed_at, None));
    Claim::Won
}
