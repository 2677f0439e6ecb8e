use async_trait::async_trait;

use super::{PaymentRecord, Refund, Resolution, Reversal, Topup};
use crate::{
    gateways::Notice,
    ids::{RefundId, TopupId, UserId},
    ledger::Gateway,
    store::StoreError,
    time::Timestamp,
};

/// Top-ups and what was paid for them, inside a unit of work.
///
/// Everything that belongs to a top-up is written under the lock of [`TopupRepo::lock_topup`].
#[async_trait]
pub trait TopupRepo: Send {
    /// Stores a new top-up.
    async fn insert_topup(&mut self, topup: &Topup) -> Result<(), StoreError>;

    /// The top-up, locked until the unit ends.
    async fn lock_topup(&mut self, id: TopupId) -> Result<Option<Topup>, StoreError>;

    /// Locks top-ups whose gateway should be asked by `now`, longest due first, without waiting for
    /// those that others have locked.
    async fn lock_due_topups(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Topup>, StoreError>;

    /// Writes back a top-up that this unit has locked.
    async fn update_topup(&mut self, topup: &Topup, at: Timestamp) -> Result<(), StoreError>;

    /// What has been booked of a payment, whichever top-up it was booked for.
    async fn payment(
        &mut self,
        gateway: Gateway,
        payment_id: &str,
    ) -> Result<Option<PaymentRecord>, StoreError>;

    /// Everything booked for a top-up, oldest first.
    async fn payments_of(&mut self, topup: TopupId) -> Result<Vec<PaymentRecord>, StoreError>;

    /// Writes what has been booked of a payment.
    async fn put_payment(&mut self, payment: &PaymentRecord) -> Result<(), StoreError>;

    /// Money that went back for a top-up, oldest first.
    async fn reversals_of(&mut self, topup: TopupId) -> Result<Vec<Reversal>, StoreError>;

    /// Writes a reversal.
    async fn put_reversal(&mut self, reversal: &Reversal) -> Result<(), StoreError>;

    /// Stores a refund that an operator ordered.
    async fn insert_refund(&mut self, refund: &Refund) -> Result<(), StoreError>;

    /// One refund, as this unit sees it.
    async fn refund(&mut self, id: RefundId) -> Result<Option<Refund>, StoreError>;

    /// Refunds ordered for a top-up, oldest first.
    async fn refunds_of(&mut self, topup: TopupId) -> Result<Vec<Refund>, StoreError>;

    /// Writes how a refund stands.
    async fn update_refund(&mut self, refund: &Refund, at: Timestamp) -> Result<(), StoreError>;

    /// Keeps how an operator dealt with a flag.
    async fn insert_resolution(&mut self, resolution: &Resolution) -> Result<(), StoreError>;

    /// Keeps a notification with the bytes it came in. False when it was known: a repeat.
    async fn insert_notice(
        &mut self,
        notice: &Notice,
        raw: &[u8],
        at: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// Reading top-ups outside of units of work.
#[async_trait]
pub trait TopupQueries: Send + Sync {
    /// One top-up.
    async fn find(&self, id: TopupId) -> Result<Option<Topup>, StoreError>;

    /// Top-ups of a customer, newest first, older than `before`.
    async fn list(
        &self,
        user: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Topup>, StoreError>;

    /// Top-ups an operator should look at, newest first.
    async fn flagged(&self, limit: u32) -> Result<Vec<Topup>, StoreError>;

    /// Everything booked for a top-up, with what went back.
    async fn topup_history(&self, id: TopupId) -> Result<TopupHistory, StoreError>;

    /// What waits, for metrics.
    async fn backlog(&self) -> Result<TopupBacklog, StoreError>;
}

/// What was booked for a top-up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopupHistory {
    /// Payments, oldest first.
    pub payments: Vec<PaymentRecord>,
    /// Money that went back, oldest first.
    pub reversals: Vec<Reversal>,
    /// Refunds ordered by operators, oldest first.
    pub refunds: Vec<Refund>,
    /// Flags that operators dealt with, oldest first.
    pub resolutions: Vec<Resolution>,
}

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TopupBacklog {
    /// Top-ups that are not settled.
    pub open: i64,
    /// Top-ups an operator should look at.
    pub flagged: i64,
    /// Age in seconds of the oldest that is being processed.
    pub oldest_processing_seconds: i64,
}
