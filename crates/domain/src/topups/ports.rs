use std::time::Duration;

use async_trait::async_trait;

use super::{PaymentEventState, StoredPayment, Topup};
use crate::{
    gateways::Payment,
    ids::{PaymentEventId, TopupId},
    store::StoreError,
    time::Timestamp,
};

/// Top-ups inside a unit of work.
#[async_trait]
pub trait TopupRepo: Send {
    /// Stores a new top-up.
    async fn insert_topup(&mut self, topup: &Topup) -> Result<(), StoreError>;

    /// The top-up, locked until the unit ends.
    async fn lock_topup(&mut self, id: TopupId) -> Result<Option<Topup>, StoreError>;

    /// Writes back a top-up that this unit has locked.
    async fn update_topup(&mut self, topup: &Topup, at: Timestamp) -> Result<(), StoreError>;

    /// The notification if it is still pending, locked until the unit ends.
    async fn lock_payment(
        &mut self,
        id: PaymentEventId,
    ) -> Result<Option<StoredPayment>, StoreError>;

    /// Notes what became of a notification, and why.
    async fn mark_payment(
        &mut self,
        id: PaymentEventId,
        state: PaymentEventState,
        note: &str,
    ) -> Result<(), StoreError>;
}

/// Notifications outside of units of work.
#[async_trait]
pub trait PaymentInbox: Send + Sync {
    /// Stores a notification with the bytes it came in; a repeat changes nothing.
    async fn store(&self, payment: &Payment, raw: &[u8], at: Timestamp) -> Result<(), StoreError>;

    /// Pending notifications whose time has come; each is not given out again for `interval`.
    async fn due(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<StoredPayment>, StoreError>;

    /// Counts a try and sets the next one, or gives up.
    async fn postpone(&self, id: PaymentEventId, next: Option<Timestamp>)
    -> Result<(), StoreError>;

    /// Pending notifications, and those left to the operator, for metrics.
    async fn backlog(&self) -> Result<(i64, i64), StoreError>;
}

/// Reading top-ups.
#[async_trait]
pub trait TopupQueries: Send + Sync {
    /// One top-up.
    async fn find(&self, id: TopupId) -> Result<Option<Topup>, StoreError>;
}
