//! Telling providers that an order is over.

use std::{sync::Arc, time::Duration};

use super::{Order, OrderWork};
use crate::{
    join::join_all,
    providers::{CancelOutcome, ProviderError, ProviderRegistry},
    store::StoreError,
    time::Clock,
};

/// Gives back or finishes the numbers of ended orders upstream.
///
/// Moves no money of customers. A reconciler: asks again until the provider has understood, which
/// its calls allow; safe to run twice, late, or on two machines at once.
#[derive(Clone)]
pub struct CloseUpstream {
    work: Arc<dyn OrderWork>,
    registry: Arc<dyn ProviderRegistry>,
    clock: Arc<dyn Clock>,
}

impl CloseUpstream {
    /// Orders closed side by side.
    const BATCH: u32 = 50;
    /// When an order is tried again.
    const RETRY: Duration = Duration::from_secs(30);

    /// Wires the reconciler.
    pub fn new(
        work: Arc<dyn OrderWork>,
        registry: Arc<dyn ProviderRegistry>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { work, registry, clock }
    }

    /// One batch; answers how many orders were looked at.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let due = self.work.due_closings(self.clock.now(), Self::RETRY, Self::BATCH).await?;
        let results = join_all(due.iter().map(|order| self.close(order))).await;
        for (order, result) in due.iter().zip(results) {
            match result {
                Ok(true) => self.work.mark_closed(order.id).await?,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(order.id = %order.id, %error, "order {} not closed upstream yet", order.id);
                }
            }
        }
        Ok(due.len())
    }

    async fn close(&self, order: &Order) -> Result<bool, ProviderError> {
        let Some(lease) = order.lease() else { return Ok(true) };
        let adapter = self.registry.get(order.quote.provider).await;
        let Ok(Some(adapter)) = adapter else {
            return Err(ProviderError::Unavailable("provider not readable"));
        };
        if order.delivery().is_some() {
            adapter.finish(&lease.external_id).await?;
            return Ok(true);
        }
        match adapter.cancel(&lease.external_id).await? {
            CancelOutcome::Canceled | CancelOutcome::Missing => Ok(true),
            CancelOutcome::TooEarly => Ok(false),
            CancelOutcome::Delivered => {
                tracing::warn!(order.id = %order.id, provider.id = %order.quote.provider, "order {} was refunded and then delivered: the cost is ours", order.id);
                Ok(true)
            }
        }
    }
}
