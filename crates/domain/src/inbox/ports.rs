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
    /// Stores a callback, and with it the task that confirms it, due in [`Callback::HEAD_START`].
    /// A repeat finds the first one; of one that is not settled the task hears again.
    async fn store(&self, callback: &Callback, at: Timestamp)
    -> Result<StoredCallback, StoreError>;

    /// One callback.
    async fn callback(&self, id: InboxId) -> Result<Option<StoredCallback>, StoreError>;

    /// Whether an order rents this activation.
    async fn has_order(&self, callback: &Callback) -> Result<bool, StoreError>;

    /// Whether the activation was written off: no order will ever rent it.
    async fn is_written_off(&self, callback: &Callback) -> Result<bool, StoreError>;

    /// Whether this provider's callbacks are believed without asking it back.
    async fn trusts(&self, provider: ProviderId) -> Result<bool, StoreError>;

    /// How many are not settled, for metrics.
    async fn backlog(&self) -> Result<i64, StoreError>;

    /// The messages of an order, oldest first.
    async fn history(&self, order: OrderId) -> Result<Vec<StoredMessage>, StoreError>;
}
