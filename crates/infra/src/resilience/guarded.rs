use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    ids::ExternalId,
    money::{Cost, Deposit},
    providers::{
        AcquireError, AcquireRequest, Activation, CancelOutcome, Listing, NumberProvider,
        ProviderCatalog, ProviderError, UpstreamStatus,
    },
};
use tokio::time::{Instant, timeout};

use super::{
    breaker::{Breaker, BreakerSettings, Importance, Moved},
    bulkhead::Bulkhead,
    failure::Failure,
    watch::{self, Call},
};

/// How long a call that can be deferred waits for another to end: far below any deadline.
const BURST: Duration = Duration::from_millis(100);

/// Limits of the calls to one provider.
#[derive(Debug, Clone, Copy)]
pub struct GuardSettings {
    /// The longest a call may take.
    pub deadline: Duration,
    /// The longest reading the catalog may take.
    pub catalog_deadline: Duration,
    /// The most calls at a time.
    pub max_in_flight: usize,
    /// When to stop asking.
    pub breaker: BreakerSettings,
}

/// A provider behind a deadline, a bound on calls at a time, and a breaker.
///
/// The breaker holds back purchases and catalogs only: what concerns a number that we have already
/// is always asked, because a customer's money hangs on the answer.
pub struct Guarded<P> {
    inner: P,
    provider: Arc<str>,
    settings: GuardSettings,
    bulkhead: Bulkhead,
    breaker: Breaker<Box<dyn Fn(Moved) + Send + Sync>>,
}

impl<P: NumberProvider> Guarded<P> {
    /// Guards `inner`, which logs and metrics call `provider`.
    pub fn new(inner: P, provider: &str, settings: GuardSettings) -> Self {
        let provider: Arc<str> = provider.into();
        let name = Arc::clone(&provider);
        let announce = Box::new(move |moved: Moved| watch::breaker_moved(&name, moved));
        let bulkhead = Bulkhead::new(settings.max_in_flight, watch::in_flight(&provider));
        let breaker = Breaker::new(settings.breaker, announce as Box<_>);
        Self { inner, provider, settings, bulkhead, breaker }
    }

    async fn run<T: Send, E: Failure>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let importance = match call {
            Call::Acquire | Call::ReactivationCost | Call::Reactivate | Call::Catalog => {
                Importance::Deferrable
            }
            _ => Importance::Needed,
        };
        let Some(ticket) = self.breaker.admit(importance) else {
            watch::call_shed(&self.provider, call, "breaker_open");
            return Err(E::not_made("breaker open"));
        };
        // What a customer's money hangs on queues up, else many orders that end at once would be
        // refunded unasked; the rest can be had elsewhere, or later.
        let patience = match importance {
            Importance::Deferrable => BURST,
            Importance::Needed => self.settings.deadline / 2,
        };
        let Some(_place) = self.bulkhead.enter(patience).await else {
            watch::call_shed(&self.provider, call, "too_many");
            return Err(E::not_made("too many calls in flight"));
        };
        let deadline = match call {
            Call::Catalog => self.settings.catalog_deadline,
            _ => self.settings.deadline,
        };
        let started = Instant::now();
        let result = timeout(deadline, work).await.unwrap_or_else(|_| Err(E::overdue()));
        ticket.settle(E::health(&result));
        watch::call_made(&self.provider, call, E::label(&result), started.elapsed());
        result
    }
}

#[async_trait]
impl<P: NumberProvider> NumberProvider for Guarded<P> {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Activation, AcquireError> {
        self.run(Call::Acquire, self.inner.acquire(request)).await
    }

    async fn reactivation_cost(&self, id: &ExternalId) -> Result<Cost, ProviderError> {
        self.run(Call::ReactivationCost, self.inner.reactivation_cost(id)).await
    }

    async fn reactivate(&self, id: &ExternalId) -> Result<Activation, AcquireError> {
        self.run(Call::Reactivate, self.inner.reactivate(id)).await
    }

    async fn status(&self, id: &ExternalId) -> Result<UpstreamStatus, ProviderError> {
        self.run(Call::Status, self.inner.status(id)).await
    }

    async fn cancel(&self, id: &ExternalId) -> Result<CancelOutcome, ProviderError> {
        self.run(Call::Cancel, self.inner.cancel(id)).await
    }

    async fn finish(&self, id: &ExternalId) -> Result<(), ProviderError> {
        self.run(Call::Finish, self.inner.finish(id)).await
    }

    async fn resend(&self, id: &ExternalId) -> Result<(), ProviderError> {
        self.run(Call::Resend, self.inner.resend(id)).await
    }

    async fn active(&self) -> Result<Listing, ProviderError> {
        self.run(Call::Active, self.inner.active()).await
    }

    async fn catalog(&self) -> Result<ProviderCatalog, ProviderError> {
        self.run(Call::Catalog, self.inner.catalog()).await
    }

    async fn balance(&self) -> Result<Deposit, ProviderError> {
        self.run(Call::Balance, self.inner.balance()).await
    }
}

#[cfg(test)]
mod tests;
