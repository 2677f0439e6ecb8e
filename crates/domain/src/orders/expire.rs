//! The end of an order's window.

use std::{sync::Arc, time::Duration};

use super::{Order, OrderState, OrderWork, cancel::refund, finish::complete};
use crate::{
    abuse::{GuardTerms, judge},
    inbox::receive::{PullError, PullSms, Pulled},
    join::join_all,
    outbox::{EventKind, Queue, Wake},
    store::{ATTEMPTS, Store, retrying},
    time::Clock,
};

/// Ends orders whose window is over: refunded without an SMS, completed with one.
///
/// The provider is asked a last time and the number given back before the money is: a message
/// whose callback was lost is delivered instead of refunded, and none can arrive afterwards. A
/// provider that does not answer gets [`Self::GRACE`]; then the customer's money comes first. A
/// reconciler: safe to run twice, late, or on two machines at once.
#[derive(Clone)]
pub struct ExpireOrders {
    store: Arc<dyn Store>,
    work: Arc<dyn OrderWork>,
    pull: PullSms,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
    guard: GuardTerms,
}

/// What the provider said at the end of a window.
#[derive(Clone, Copy, Default)]
struct Said {
    /// It answered, so that nothing but the customer is the reason that no message came.
    answered: bool,
    /// The number is not ours any more.
    ended: bool,
}

impl ExpireOrders {
    /// Orders ended side by side.
    const BATCH: u32 = 50;
    /// How long an order is not given out again: longer than a provider's deadline.
    const CLAIM: Duration = Duration::from_secs(15);
    /// How long past its window an order waits for a provider that does not answer.
    pub const GRACE: Duration = Duration::from_mins(1);

    /// Wires the reconciler.
    pub fn new(
        store: Arc<dyn Store>,
        work: Arc<dyn OrderWork>,
        pull: PullSms,
        (wake, clock): (Arc<dyn Wake>, Arc<dyn Clock>),
        guard: GuardTerms,
    ) -> Self {
        Self { store, work, pull, wake, clock, guard }
    }

    /// One batch; answers how many orders were looked at.
    pub async fn run_once(&self) -> Result<usize, PullError> {
        let due = self.work.due_expiries(self.clock.now(), Self::CLAIM, Self::BATCH).await?;
        let results = join_all(due.iter().map(|order| self.end(order))).await;
        for (order, result) in due.iter().zip(results) {
            if let Err(error) = result {
                tracing::warn!(order.id = %order.id, %error, "order {} not ended yet", order.id);
            }
        }
        if !due.is_empty() {
            self.wake.wake(Queue::Events);
        }
        Ok(due.len())
    }

    async fn end(&self, order: &Order) -> Result<(), PullError> {
        let mut said = Said::default();
        if let OrderState::Active { lease } = &order.state {
            let asked = self.pull.give_back(order).await;
            let patient = self.clock.now() < lease.expires_at + Self::GRACE;
            match asked {
                Err(PullError::Provider(error)) if patient => {
                    return Err(PullError::Provider(error));
                }
                Err(PullError::Provider(error)) => {
                    tracing::warn!(order.id = %order.id, %error, "order {} ends unasked", order.id);
                }
                Err(error) => return Err(error),
                Ok(pulled) => said = Said { answered: true, ended: pulled == Pulled::Ended },
            }
        }
        retrying(ATTEMPTS, || self.close(order, said)).await
    }

    /// Ends what is stored now, which a message may have changed since it was claimed.
    async fn close(&self, order: &Order, said: Said) -> Result<(), PullError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let Some(order) = uow.orders().lock(order.id).await? else { return Ok(()) };
        if order.lease().is_none_or(|lease| now < lease.expires_at) {
            return Ok(());
        }
        match order.state {
            OrderState::Active { .. } => {
                let Ok(mut expired) = order.expire(now) else { return Ok(()) };
                expired.upstream_open &= !said.ended;
                refund(&mut *uow, &expired, EventKind::OrderExpired).await?;
                // A provider that did not answer may have had a message: that is nobody's fault.
                if said.answered {
                    uow.conduct().give_up(&expired, now).await?;
                    judge(&mut *uow, &self.guard, expired.user, now).await?;
                }
            }
            OrderState::Delivered { .. } => {
                let Ok(completed) = order.complete(now) else { return Ok(()) };
                complete(&mut *uow, &completed).await?;
            }
            _ => return Ok(()),
        }
        uow.commit().await?;
        Ok(())
    }
}
