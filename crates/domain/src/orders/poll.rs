//! Asking providers about running orders, for callbacks that never come.

use std::{sync::Arc, time::Duration};

use super::{Order, OrderState, OrderWork, cancel::refund};
use crate::{
    ids::OrderId,
    inbox::receive::{PullError, PullSms, Pulled},
    join::join_all,
    outbox::{EventKind, Queue, Wake},
    store::{ATTEMPTS, Store, retrying},
    time::Clock,
};

/// Polls the providers of running orders: fetches messages and notices numbers that ended there.
///
/// A reconciler: safe to run twice, late, or on two machines at once.
#[derive(Clone)]
pub struct PollActive {
    store: Arc<dyn Store>,
    work: Arc<dyn OrderWork>,
    pull: PullSms,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
    /// How often one order is asked about.
    interval: Duration,
}

impl PollActive {
    /// Orders asked about side by side; each provider has its own limit below this.
    const BATCH: u32 = 50;

    /// Wires the reconciler.
    pub fn new(
        store: Arc<dyn Store>,
        work: Arc<dyn OrderWork>,
        pull: PullSms,
        (wake, clock): (Arc<dyn Wake>, Arc<dyn Clock>),
        interval: Duration,
    ) -> Self {
        Self { store, work, pull, wake, clock, interval }
    }

    /// One batch; answers how many orders were asked about.
    pub async fn run_once(&self) -> Result<usize, PullError> {
        let due = self.work.due_polls(self.clock.now(), self.interval, Self::BATCH).await?;
        let results = join_all(due.iter().map(|order| self.poll(order))).await;
        for (order, result) in due.iter().zip(results) {
            if let Err(error) = result {
                tracing::warn!(order.id = %order.id, %error, "order {} not polled", order.id);
            }
        }
        if !due.is_empty() {
            self.wake.wake(Queue::Events);
        }
        Ok(due.len())
    }

    async fn poll(&self, order: &Order) -> Result<(), PullError> {
        let pulled = self.pull.execute(order).await?;
        if pulled == Pulled::Ended && matches!(order.state, OrderState::Active { .. }) {
            return end(&*self.store, &*self.clock, order.id).await;
        }
        Ok(())
    }
}

/// Refunds an order whose number ended upstream without an SMS.
async fn end(store: &dyn Store, clock: &dyn Clock, id: OrderId) -> Result<(), PullError> {
    retrying(ATTEMPTS, || async {
        let mut uow = store.begin().await?;
        let Some(order) = uow.orders().lock(id).await? else { return Ok(()) };
        let now = clock.now();
        let (ended, kind) = match order.clone().expire(now) {
            Ok(expired) => (Ok(expired), EventKind::OrderExpired),
            Err(_) => (order.cancel(now), EventKind::OrderCanceled),
        };
        let Ok(mut ended) = ended else { return Ok(()) };
        ended.upstream_open = false;
        refund(&mut *uow, &ended, kind).await?;
        // Whoever ends a number early, its customer is not to blame; here its whole window passed.
        if kind == EventKind::OrderExpired {
            uow.conduct().give_up(&ended, now).await?;
        }
        uow.commit().await?;
        Ok(())
    })
    .await
}
