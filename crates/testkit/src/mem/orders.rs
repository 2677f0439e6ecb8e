use async_trait::async_trait;
use domain::{
    ids::{ExternalId, OrderId, ProviderId, UserId},
    orders::{Order, OrderPage, OrderQueries, OrderRepo, OrderView, Orphan, Status},
    store::StoreError,
    test_mode,
    time::Timestamp,
};

use super::{
    MemStore,
    state::{State, misuse},
    unit::MemUnit,
};

/// Whether `order` rents this activation, whatever its state.
pub(super) fn rents(order: &Order, provider: ProviderId, id: &ExternalId) -> bool {
    order.quote.provider == provider && order.lease().is_some_and(|l| l.external_id == *id)
}

/// Whether another order than `order` rents the same activation.
pub(super) fn activation_is_taken(state: &State, order: &Order) -> bool {
    let Some(lease) = order.lease() else { return false };
    state.orders.values().any(|row| {
        row.order.id != order.id && rents(&row.order, order.quote.provider, &lease.external_id)
    })
}

#[async_trait]
impl OrderRepo for MemUnit {
    async fn lock(&mut self, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.step("lock", |unit| {
            unit.locked_orders.insert(id);
            Ok(unit.draft.orders.get(&id).map(|row| row.order.clone()))
        })
        .await
    }

    async fn lock_by_activation(
        &mut self,
        provider: ProviderId,
        external_id: &ExternalId,
    ) -> Result<Option<Order>, StoreError> {
        self.step("lock_by_activation", |unit| {
            let mut orders = unit.draft.orders.values().map(|row| &row.order);
            let found = orders.find(|order| rents(order, provider, external_id)).cloned();
            unit.locked_orders.extend(found.iter().map(|order| order.id));
            Ok(found)
        })
        .await
    }

    async fn update(&mut self, order: &Order) -> Result<(), StoreError> {
        self.step("update", |unit| {
            if !unit.locked_orders.contains(&order.id) {
                return Err(misuse("this unit has not locked the order"));
            }
            if activation_is_taken(&unit.draft, order) {
                return Err(misuse("this activation belongs to another order"));
            }
            let row = unit.draft.orders.get_mut(&order.id);
            row.ok_or_else(|| misuse("no such order"))?.order = order.clone();
            Ok(())
        })
        .await
    }

    async fn lock_orphan(
        &mut self,
        provider: ProviderId,
        id: &ExternalId,
    ) -> Result<Option<Orphan>, StoreError> {
        self.step("lock_orphan", |unit| {
            Ok(unit.draft.orphans.get(&(provider, id.as_str().to_owned())).copied())
        })
        .await
    }

    async fn write_off(
        &mut self,
        provider: ProviderId,
        id: &ExternalId,
        _: Timestamp,
    ) -> Result<(), StoreError> {
        self.step("write_off", |unit| {
            let orphan = unit.draft.orphans.get_mut(&(provider, id.as_str().to_owned()));
            orphan.ok_or_else(|| misuse("nobody noted this activation"))?.is_written_off = true;
            Ok(())
        })
        .await
    }
}

fn view(order: &Order) -> OrderView {
    // Carriers come into the catalog with protocols that name them; none does yet. Whether a number
    // can be had again is looked up for orders that are over only.
    let is_real = order.quote.provider != test_mode::PROVIDER;
    let reactivates = is_real && order.status() == Status::Completed;
    OrderView { order: order.clone(), carrier_name: None, reactivates }
}

/// The orders of `user`, newest first.
fn theirs(state: &State, user: UserId) -> impl Iterator<Item = &Order> {
    state.orders.values().rev().map(|row| &row.order).filter(move |order| order.user == user)
}

#[async_trait]
impl OrderQueries for MemStore {
    async fn find(&self, user: UserId, id: OrderId) -> Result<Option<OrderView>, StoreError> {
        self.read("find", |state| {
            let mut public = theirs(state, user).filter(|order| order.status().is_public());
            public.find(|order| order.id == id).map(view)
        })
        .await
    }

    async fn list(&self, user: UserId, page: OrderPage) -> Result<Vec<OrderView>, StoreError> {
        self.read("list", |state| {
            let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
            theirs(state, user)
                .filter(|order| order.status().is_public())
                .filter(|order| page.status.is_none_or(|status| status == order.status()))
                .skip(size(page.offset))
                .take(size(page.limit))
                .map(view)
                .collect()
        })
        .await
    }

    async fn active(&self, user: UserId) -> Result<Vec<OrderView>, StoreError> {
        self.read("active", |state| {
            let running = [Status::Active, Status::OtpReceived];
            theirs(state, user).filter(|o| running.contains(&o.status())).map(view).collect()
        })
        .await
    }

    async fn by_ids(&self, user: UserId, ids: &[OrderId]) -> Result<Vec<OrderView>, StoreError> {
        self.read("by_ids", |state| {
            let mut found: Vec<_> =
                theirs(state, user).filter(|order| ids.contains(&order.id)).map(view).collect();
            found.reverse();
            found
        })
        .await
    }
}

impl MemStore {
    /// Every order of everybody in every state, oldest first.
    pub async fn all_orders(&self) -> Vec<Order> {
        self.state.lock().await.orders.values().map(|row| row.order.clone()).collect()
    }
}
