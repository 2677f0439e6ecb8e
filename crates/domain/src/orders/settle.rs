//! Finishing purchases whose outcome nobody heard.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{
    Claim, FailReason, IllegalTransition, InFlight, Order, OrderTerms, OrderWork, Purchases, Quote,
    place::lease_out,
};
use crate::{
    fault::{Code, Fault},
    ids::{OrderId, ProviderId},
    ledger::PostError,
    outbox::{Queue, Wake},
    providers::{ActiveActivation, CancelOutcome, Listing, ProviderRegistry},
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::{Clock, Timestamp},
};

/// Settles orders that are reserving for too long, and numbers that nobody owns.
///
/// A reconciler: it takes no input, looks at what is stored and what the provider lists, and does
/// the same thing however it was woken. Running it twice, late, or on two machines at once is safe:
/// every effect re-reads the order under its lock.
#[derive(Clone)]
pub struct SettleReserving {
    ports: SettlePorts,
    terms: OrderTerms,
    patience: Patience,
}

/// What [`SettleReserving`] needs.
#[derive(Clone)]
pub struct SettlePorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Stores an adopted number.
    pub purchases: Arc<dyn Purchases>,
    /// What is stuck.
    pub work: Arc<dyn OrderWork>,
    /// Who knows more.
    pub registry: Arc<dyn ProviderRegistry>,
    /// Tells the relay.
    pub wake: Arc<dyn Wake>,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

/// A listed number that a stuck order may be waiting for.
struct Candidate {
    found: ActiveActivation,
    /// Whether it was known before any purchase under way began.
    settled: bool,
}

/// How long to wait before concluding.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A purchase older than this is no longer being worked on; longer than the provider deadline.
    pub settle_after: Duration,
    /// An activation that nobody owned for this long is given back.
    pub orphan_after: Duration,
}

impl SettleReserving {
    /// The most orders looked at in one pass; more wait for the next.
    const BATCH: u32 = 200;

    /// Wires the reconciler.
    pub fn new(ports: SettlePorts, terms: OrderTerms, patience: Patience) -> Self {
        Self { ports, terms, patience }
    }

    /// One pass; answers how many orders were settled.
    pub async fn run_once(&self) -> Result<usize, SettleError> {
        let now = self.ports.clock.now();
        let before = now - self.patience.settle_after;
        let mut stuck: HashMap<ProviderId, Vec<Order>> = HashMap::new();
        for order in self.ports.work.stuck(before, Self::BATCH).await? {
            stuck.entry(order.quote.provider).or_default().push(order);
        }
        // Two looks within the time an orphan is watched, and a third that gives it back.
        let every = self.patience.orphan_after / 3;
        for provider in self.ports.work.due_sweeps(now, every).await? {
            stuck.entry(provider).or_default();
        }
        let mut settled = 0;
        for (provider, orders) in stuck {
            match self.settle_provider(provider, orders, before).await {
                Ok(count) => settled += count,
                Err(error) => {
                    tracing::warn!(provider.id = %provider, %error, "provider {provider} not settled");
                }
            }
        }
        if settled > 0 {
            self.ports.wake.wake(Queue::Events);
        }
        Ok(settled)
    }

    async fn settle_provider(
        &self,
        provider: ProviderId,
        orders: Vec<Order>,
        before: Timestamp,
    ) -> Result<usize, SettleError> {
        let Some(adapter) = self.ports.registry.get(provider).await? else {
            return self.give_up_old(&orders).await;
        };
        let listing = adapter.active().await;
        // Order matters: first the list, then the purchases under way, then what is ours. A listed
        // number of a purchase under way is then either counted as a rival or known as owned.
        let in_flight = self.ports.work.in_flight(provider, before).await?;
        let mut settled = 0;
        let mut unowned = match listing {
            Ok(Listing::Complete(list)) => unowned(&*self.ports.work, provider, list).await?,
            Ok(Listing::Unsupported) => return self.give_up_old(&orders).await,
            Err(error) => {
                tracing::warn!(provider.id = %provider, %error, "provider {provider} does not list its activations");
                return self.give_up_old(&orders).await;
            }
        };
        let mut found = self.look_twice(provider, &orders, &unowned, before).await?;
        for order in &orders {
            settled += usize::from(self.settle_order(order, &mut found, &in_flight).await?);
        }
        unowned.retain(|found| !orders.iter().any(|order| fits(found, &order.quote)));
        self.give_back(provider, &unowned).await?;
        Ok(settled)
    }

    /// What the stuck orders may be waiting for, with how long it has been known: longer ago than
    /// any purchase under way began, or not.
    async fn look_twice(
        &self,
        provider: ProviderId,
        orders: &[Order],
        unowned: &[ActiveActivation],
        before: Timestamp,
    ) -> Result<Vec<Candidate>, StoreError> {
        let now = self.ports.clock.now();
        let mut candidates = Vec::new();
        for found in unowned {
            if orders.iter().any(|order| fits(found, &order.quote)) {
                let id = &found.activation.external_id;
                let since = self.ports.work.note_orphan(provider, id, now).await?;
                candidates.push(Candidate { found: found.clone(), settled: since < before });
            }
        }
        Ok(candidates)
    }

    /// Adopts a matching number, or releases when there is none.
    ///
    /// A number seen before every purchase under way began can be none of theirs. Of the younger
    /// ones as many are left alone as purchases are under way.
    async fn settle_order(
        &self,
        order: &Order,
        candidates: &mut Vec<Candidate>,
        in_flight: &[InFlight],
    ) -> Result<bool, SettleError> {
        let quote = &order.quote;
        let rivals = in_flight
            .iter()
            .filter(|group| group.service == quote.service && group.country == quote.country)
            .map(|group| usize::try_from(group.count).unwrap_or(usize::MAX))
            .fold(0_usize, usize::saturating_add);
        let fitting = |candidate: &Candidate| fits(&candidate.found, quote);
        let young = candidates.iter().filter(|one| fitting(one) && !one.settled).count();
        let position = candidates
            .iter()
            .position(|one| fitting(one) && one.settled)
            .or_else(|| candidates.iter().position(fitting).filter(|_| young > rivals));
        match position {
            Some(position) => {
                let adopted = candidates.remove(position);
                self.adopt(order, &adopted.found).await
            }
            None if young == 0 => self.release(order).await,
            None => self.give_up_when_old(order).await,
        }
    }

    async fn adopt(&self, order: &Order, found: &ActiveActivation) -> Result<bool, SettleError> {
        let now = self.ports.clock.now();
        let mut active = lease_out(order.clone(), &found.activation, &self.terms, now)?;
        // The provider's window began with the purchase, not with its discovery.
        if let (super::OrderState::Active { lease }, Some(since)) =
            (&mut active.state, order.attempted_at())
        {
            lease.expires_at = since + self.terms.lifetime;
            lease.cancel_from = since + self.terms.minimum_cancel;
        }
        let claim = retrying(ATTEMPTS, || self.ports.purchases.activate(&active)).await?;
        tracing::info!(?claim, provider.id = %order.quote.provider, "number found for order {}", order.id);
        Ok(claim == Claim::Won)
    }

    async fn give_up_old(&self, orders: &[Order]) -> Result<usize, SettleError> {
        let mut settled = 0;
        for order in orders {
            settled += usize::from(self.give_up_when_old(order).await?);
        }
        Ok(settled)
    }

    /// Releases once the activation's whole life is over: then it cannot be charged any more.
    async fn give_up_when_old(&self, order: &Order) -> Result<bool, SettleError> {
        let life = self.terms.lifetime + self.patience.settle_after;
        let over = order.attempted_at().is_some_and(|since| since + life < self.ports.clock.now());
        if !over {
            return Ok(false);
        }
        self.release(order).await
    }

    /// Gives back what nobody owned for so long that no purchase under way can be waiting for it.
    async fn give_back(
        &self,
        provider: ProviderId,
        unowned: &[ActiveActivation],
    ) -> Result<(), SettleError> {
        let now = self.ports.clock.now();
        for found in unowned {
            let id = &found.activation.external_id;
            let since = self.ports.work.note_orphan(provider, id, now).await?;
            if since + self.patience.orphan_after.max(self.patience.settle_after) > now {
                continue;
            }
            let Some(adapter) = self.ports.registry.get(provider).await? else { return Ok(()) };
            match adapter.cancel(id).await {
                Ok(CancelOutcome::Canceled | CancelOutcome::Missing) => {
                    tracing::warn!(provider.id = %provider, "activation {id} had no owner and was given back");
                }
                Ok(outcome) => {
                    tracing::warn!(provider.id = %provider, ?outcome, "activation {id} has no owner");
                }
                Err(error) => {
                    tracing::warn!(provider.id = %provider, %error, "activation {id} has no owner");
                }
            }
        }
        Ok(())
    }

    async fn release(&self, order: &Order) -> Result<bool, SettleError> {
        let settlement = Settlement { store: &*self.ports.store, clock: &*self.ports.clock };
        let claim = settlement.release(order.id, order.attempt, FailReason::Unsettled).await?;
        Ok(claim == Claim::Won)
    }
}

/// Activations of a provider's list that belong to no order of ours, oldest first.
pub(super) async fn unowned(
    work: &dyn OrderWork,
    provider: ProviderId,
    mut list: Vec<ActiveActivation>,
) -> Result<Vec<ActiveActivation>, StoreError> {
    let ids: Vec<_> = list.iter().map(|a| a.activation.external_id.clone()).collect();
    let known = work.known(provider, &ids).await?;
    list.retain(|a| !known.contains(&a.activation.external_id));
    list.sort_by_key(|a| {
        let id = a.activation.external_id.as_str();
        (id.len(), id.to_owned())
    });
    Ok(list)
}

/// Whether a listed activation is what `quote` asked for.
pub(super) fn fits(found: &ActiveActivation, quote: &Quote) -> bool {
    let country = found.country.as_ref();
    found.service == quote.service && country.is_none_or(|country| *country == quote.country)
}

/// The unit that ends a purchase without a number; used by the purchase itself and by its
/// reconciler, so that both do the same.
pub(super) struct Settlement<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) clock: &'a dyn Clock,
}

impl Settlement<'_> {
    /// Gives the money back and ends the order, if it still is at this attempt.
    pub(super) async fn release(
        &self,
        id: OrderId,
        attempt: i16,
        reason: FailReason,
    ) -> Result<Claim, SettleError> {
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            let order = uow.orders().lock(id).await?.filter(|order| order.attempt == attempt);
            let Some(order) = order else { return Ok(Claim::Lost) };
            let Ok(failed) = order.fail(reason, self.clock.now()) else { return Ok(Claim::Lost) };
            uow.ledger().post(&failed.money().release()).await?;
            uow.orders().update(&failed).await?;
            uow.commit().await?;
            Ok(Claim::Won)
        })
        .await
    }
}

/// Why an order was not settled in this pass.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The ledger refused.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Somebody was faster.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SettleError {
    fn code(&self) -> Code {
        match self {
            Self::Post(error) => error.code(),
            Self::Illegal(_) => Code::Conflict,
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for SettleError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            Self::Illegal(_) => false,
        }
    }
}
