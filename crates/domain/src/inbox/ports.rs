use std::time::Duration;

use async_trait::async_trait;

use super::{Callback, CallbackState, StoredCallback, StoredMessage};
use crate::{
    ids::{InboxId, OrderId, ProviderId},
    orders::Order,
    store::StoreError,
    time::Timestamp,
};

/// Callbacks and messages inside a unit of work.
#[async_trait]
pub trait InboxRepo: Send {
    /// The callback, locked until the unit ends.
    async fn lock_callback(&mut self, id: InboxId) -> Result<Option<StoredCallback>, StoreError>;

    /// Notes what became of a callback.
    async fn mark_callback(&mut self, id: InboxId, state: CallbackState) -> Result<(), StoreError>;

    /// The messages of an order, oldest first.
    async fn messages(&mut self, order: &Order) -> Result<Vec<StoredMessage>, StoreError>;

    /// Adds a message to an order.
    async fn add_message(
        &mut self,
        order: &Order,
        message: &StoredMessage,
    ) -> Result<(), StoreError>;

    /// Replaces the text and source of the message with this revision.
    async fn replace_message(
        &mut self,
        order: &Order,
        message: &StoredMessage,
    ) -> Result<(), StoreError>;
}

/// Callbacks outside of units of work.
#[async_trait]
pub trait CallbackStore: Send + Sync {
    /// Stores a callback; a repeat finds the first one.
    async fn store(&self, callback: &Callback, at: Timestamp)
    -> Result<StoredCallback, StoreError>;

    /// Pending callbacks whose time has come; each is not given out again for `interval`.
    async fn due(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<StoredCallback>, StoreError>;

    /// Counts the try made with `stored` and sets the next one, or gives up. Tries made side by
    /// side count once.
    async fn postpone(
        &self,
        stored: &StoredCallback,
        next: Option<Timestamp>,
    ) -> Result<(), StoreError>;

    /// Whether an order rents this activation.
    async fn has_order(&self, callback: &Callback) -> Result<bool, StoreError>;

    /// Whether this provider's callbacks are believed without asking it back.
    async fn trusts(&self, provider: ProviderId) -> Result<bool, StoreError>;

    /// Pending and parked callbacks, for metrics.
    async fn backlog(&self) -> Result<(i64, i64), StoreError>;

    /// The messages of an order, oldest first.
    async fn history(&self, order: OrderId) -> Result<Vec<StoredMessage>, StoreError>;
}
