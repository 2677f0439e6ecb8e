//! Acting on callbacks that could not be acted on when they came.

use std::{sync::Arc, time::Duration};

use super::{CallbackStore, receive::ReceiveSms};
use crate::{join::join_all, store::StoreError, time::Clock};

/// Applies pending callbacks: those that came before their order had its number, and those that
/// the provider did not confirm at first.
///
/// A reconciler: safe to run twice, late, or on two machines at once.
#[derive(Clone)]
pub struct DrainInbox {
    callbacks: Arc<dyn CallbackStore>,
    receive: ReceiveSms,
    clock: Arc<dyn Clock>,
}

impl DrainInbox {
    /// Callbacks acted on side by side.
    const BATCH: u32 = 50;
    /// How long a callback is not given out again: longer than a provider's deadline.
    const CLAIM: Duration = Duration::from_secs(15);

    /// Wires the reconciler.
    pub fn new(
        callbacks: Arc<dyn CallbackStore>,
        receive: ReceiveSms,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { callbacks, receive, clock }
    }

    /// One batch; answers how many callbacks were looked at.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let due = self.callbacks.due(self.clock.now(), Self::CLAIM, Self::BATCH).await?;
        let results = join_all(due.iter().map(|stored| self.receive.apply(stored))).await;
        for (stored, result) in due.iter().zip(results) {
            if let Err(error) = result {
                tracing::warn!(%error, "callback {} not applied yet", stored.id);
                self.receive.keep(stored).await?;
            }
        }
        Ok(due.len())
    }
}
