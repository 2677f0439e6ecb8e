//! Finding payments of which no notification told.

use std::{sync::Arc, time::Duration};

use super::{TopupQueries, confirm, record};
use crate::{
    gateways::{GatewayDirectory, PaymentRef},
    outbox::{Queue, Wake},
    store::{Store, StoreError},
    time::Clock,
};

/// Leaves a task for every top-up whose gateway should be asked again.
///
/// A reconciler: safe to run twice, late, or on two machines at once.
#[derive(Clone)]
pub struct PollTopups {
    store: Arc<dyn Store>,
    topups: Arc<dyn TopupQueries>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

impl PollTopups {
    const BATCH: u32 = 100;

    /// Wires the reconciler.
    pub fn new(
        store: Arc<dyn Store>,
        topups: Arc<dyn TopupQueries>,
        wake: Arc<dyn Wake>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, topups, wake, clock }
    }

    /// One batch; answers how many top-ups were looked at.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let due = self.topups.due_polls(now, Self::BATCH).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let mut uow = self.store.begin().await?;
        for topup in &due {
            let payment = match &topup.payment_id {
                Some(id) => PaymentRef::Payment(id.clone()),
                None => PaymentRef::Topup(topup.id),
            };
            confirm::enqueue(&mut *uow, topup.gateway, &payment).await?;
        }
        uow.commit().await?;
        self.wake.wake(Queue::Payments);
        Ok(due.len())
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
                if record::keep_new(&*self.store, &notice, now).await? {
                    found += 1;
                }
            }
        }
        if found > 0 {
            self.wake.wake(Queue::Payments);
        }
        Ok(found)
    }
}
