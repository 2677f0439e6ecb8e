//! Finding payments of which no notification told.

use std::{sync::Arc, time::Duration};

use super::{Refund, Topup, confirm, record, schedule};
use crate::{
    gateways::{GatewayDirectory, PaymentRef},
    outbox::{Queue, Wake},
    store::{ATTEMPTS, Store, StoreError, retrying},
    time::Clock,
};

/// Leaves a task for every top-up whose gateway should be asked again.
///
/// A reconciler: safe to run twice, late, or on two machines at once.
#[derive(Clone)]
pub struct PollTopups {
    store: Arc<dyn Store>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

impl PollTopups {
    /// Locked together; what is left over comes with the next run.
    const BATCH: u32 = 100;

    /// Wires the reconciler.
    pub fn new(store: Arc<dyn Store>, wake: Arc<dyn Wake>, clock: Arc<dyn Clock>) -> Self {
        Self { store, wake, clock }
    }

    /// One batch; answers how many top-ups are looked at.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let polled = retrying(ATTEMPTS, || self.poll()).await?;
        if polled > 0 {
            self.wake.wake(Queue::Tasks);
        }
        Ok(polled)
    }

    async fn poll(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let due = uow.topups().lock_due_topups(now, Self::BATCH).await?;
        for topup in &due {
            let refunding = topup.state.is_settled()
                && uow.topups().refunds_of(topup.id).await?.iter().any(Refund::is_open);
            let poll_at = schedule::after_look(topup, refunding, now);
            let topup = Topup { poll_at, ..topup.clone() };
            uow.topups().update_topup(&topup, now).await?;
        }
        for topup in &due {
            confirm::enqueue(&mut *uow, topup.gateway, &reference(topup)).await?;
        }
        uow.commit().await?;
        Ok(due.len())
    }
}

/// By what its gateway knows it.
pub fn reference(topup: &Topup) -> PaymentRef {
    match &topup.payment_id {
        Some(id) => PaymentRef::Payment(id.clone()),
        None => PaymentRef::Topup(topup.id),
    }
}

/// Fetches the notifications that did not reach us, with the gateways that keep them.
#[derive(Clone)]
pub struct CatchUp {
    store: Arc<dyn Store>,
    gateways: Arc<dyn GatewayDirectory>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

impl CatchUp {
    /// How far back to look: longer than any outage we would sleep through.
    const WINDOW: Duration = Duration::from_hours(72);

    /// Wires the reconciler.
    pub fn new(
        store: Arc<dyn Store>,
        gateways: Arc<dyn GatewayDirectory>,
        wake: Arc<dyn Wake>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, gateways, wake, clock }
    }

    /// One pass over all gateways; answers how many notifications were new.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut found = 0;
        for gateway in self.gateways.all() {
            let code = gateway.terms().gateway.code();
            let missed = match gateway.missed(now - Self::WINDOW).await {
                Ok(missed) => missed,
                Err(error) => {
                    tracing::warn!(gateway = code, %error, "missed notifications of {code} not read");
                    continue;
                }
            };
            for notice in missed {
                let kept = retrying(ATTEMPTS, || record::keep_new(&*self.store, &notice, now));
                found += usize::from(kept.await?);
            }
        }
        if found > 0 {
            self.wake.wake(Queue::Tasks);
        }
        Ok(found)
    }
}
