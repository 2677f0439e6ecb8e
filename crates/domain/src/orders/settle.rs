//! Finishing purchases whose outcome nobody heard.

mod looks;
mod orphans;
mod settlement;

use std::{collections::HashMap, sync::Arc, time::Duration};

use self::looks::{Look, Looks};
pub use self::settlement::SettleError;
pub(super) use self::settlement::Settlement;
use super::{
    Claim, FailReason, InFlight, Order, OrderState, OrderTerms, OrderWork, Orphan, Purchases,
    Quote, place::lease_out,
};
use crate::{
    ids::{ExternalId, ProviderId},
    outbox::{Queue, Wake},
    providers::{ActiveActivation, Listing, NumberProvider, ProviderRegistry},
    store::{ATTEMPTS, Store, StoreError, retrying},
    time::{Clock, Timestamp},
};

/// Settles orders that are reserving for too long, and numbers that nobody owns.
///
/// A reconciler: it takes no input, looks at what is stored and what the provider lists, and does
/// the same thing however it was woken. Running it twice, late, or on two machines at once is safe:
/// every effect re-reads the order under its lock. What it remembers of its looks makes it faster,
/// never bolder, and may be lost.
#[derive(Clone)]
pub struct SettleReserving {
    ports: SettlePorts,
    terms: OrderTerms,
    patience: Patience,
    looks: Arc<Looks>,
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

/// How long to wait before concluding.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// A purchase older than this is no longer being worked on; longer than the provider deadline.
    pub settle_after: Duration,
    /// An activation that nobody owned for this long is given back.
    pub orphan_after: Duration,
}

/// What one pass came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Orders that were adopted or released.
    pub orders: usize,
    /// Numbers of no order whose cost was booked as ours.
    pub written_off: usize,
}

impl Settled {
    const fn orders(orders: usize) -> Self {
        Self { orders, written_off: 0 }
    }
}

/// A listed number that nobody owns.
struct Unowned {
    found: ActiveActivation,
    /// What is known of it, to whichever process.
    orphan: Orphan,
    /// Whether no purchase under way can be waiting for it.
    settled: bool,
    /// Whether somebody asked for this very number, so that nobody else may get it.
    promised: bool,
}

impl Unowned {
    fn id(&self) -> &ExternalId {
        &self.found.activation.external_id
    }
}

/// What becomes of a stuck order in one pass.
enum Verdict {
    /// It gets the number at this position.
    Adopt(usize),
    /// A number that may be its own may be somebody else's as well.
    Wait,
    /// There is no number that may be its own.
    Release,
}

/// One pass at one provider.
struct Pass {
    provider: ProviderId,
    adapter: Arc<dyn NumberProvider>,
    /// Stuck there, the oldest first.
    orders: Vec<Order>,
    /// Purchases that began at or after this instant are under way.
    before: Timestamp,
    /// False when more orders are stuck than one pass looks at.
    is_all: bool,
}

impl SettleReserving {
    /// The most orders looked at in one pass; more wait for the next.
    const BATCH: u32 = 200;

    /// Wires the reconciler.
    pub fn new(ports: SettlePorts, terms: OrderTerms, patience: Patience) -> Self {
        Self { ports, terms, patience, looks: Arc::default() }
    }

    /// One pass.
    pub async fn run_once(&self) -> Result<Settled, SettleError> {
        let now = self.ports.clock.now();
        let before = now - self.patience.settle_after;
        let mut stuck: HashMap<ProviderId, Vec<Order>> = HashMap::new();
        let batch = self.ports.work.stuck(before, Self::BATCH).await?;
        let is_all = u32::try_from(batch.len()).is_ok_and(|count| count < Self::BATCH);
        for order in batch {
            stuck.entry(order.quote.provider).or_default().push(order);
        }
        // Two looks within the time an orphan is watched, and a third that gives it back.
        let every = self.patience.orphan_after / 3;
        for provider in self.ports.work.due_sweeps(now, every).await? {
            stuck.entry(provider).or_default();
        }
        let mut settled = Settled::default();
        for (provider, orders) in stuck {
            match self.settle_provider(provider, orders, (before, is_all)).await {
                Ok(here) => {
                    settled.orders += here.orders;
                    settled.written_off += here.written_off;
                }
                Err(error) => {
                    tracing::warn!(provider.id = %provider, %error, "provider {provider} not settled");
                }
            }
        }
        if settled.orders > 0 {
            self.ports.wake.wake(Queue::Events);
        }
        Ok(settled)
    }

    async fn settle_provider(
        &self,
        provider: ProviderId,
        orders: Vec<Order>,
        (before, is_all): (Timestamp, bool),
    ) -> Result<Settled, SettleError> {
        let Some(adapter) = self.ports.registry.get(provider).await? else {
            return self.give_up_old(&orders).await;
        };
        let pass = Pass { provider, adapter, orders, before, is_all };
        match pass.adapter.active().await {
            Ok(Listing::Complete(list)) => self.settle_listed(&pass, list).await,
            Ok(Listing::Unsupported) => self.give_up_old(&pass.orders).await,
            Err(error) => {
                tracing::warn!(provider.id = %provider, %error, "provider {provider} does not list its activations");
                self.give_up_old(&pass.orders).await
            }
        }
    }

    async fn settle_listed(
        &self,
        pass: &Pass,
        list: Vec<ActiveActivation>,
    ) -> Result<Settled, SettleError> {
        let mut free = self.unowned(pass, list).await?;
        let look = self.looks.look(pass.provider, &pass.orders, free.iter().map(Unowned::id));
        let mut settled = Settled::default();
        for order in &pass.orders {
            settled.orders += usize::from(self.settle_order(order, &mut free, &look).await?);
        }
        if pass.is_all {
            free.retain(|one| !pass.orders.iter().any(|order| self.awaits(order, one, &look)));
            settled.written_off = self.give_back(pass, &free).await?;
        }
        Ok(settled)
    }

    /// What of a list nobody owns, the longest known first.
    async fn unowned(
        &self,
        pass: &Pass,
        list: Vec<ActiveActivation>,
    ) -> Result<Vec<Unowned>, StoreError> {
        let work = &*self.ports.work;
        // Order matters: first the list, then the purchases under way, then what is ours. A listed
        // number of a purchase under way is then either counted as a rival or known as owned.
        let in_flight = work.in_flight(pass.provider, pass.before).await?;
        let asked_again = work.asked_again(pass.provider).await?;
        let now = self.ports.clock.now();
        let mut all = Vec::new();
        for found in unowned(work, pass.provider, list).await? {
            let orphan =
                work.note_orphan(pass.provider, &found.activation.external_id, now).await?;
            let is_old = orphan.since < pass.before;
            let settled = is_old || !in_flight.iter().any(|it| rivals(it, &found));
            let promised = asked_again.contains(&found.activation.phone);
            all.push(Unowned { found, orphan, settled, promised });
        }
        all.sort_by_key(|one| one.orphan.since);
        Ok(all)
    }

    /// Whether a number may be the one that was sold for a stuck order: it was in sight when the
    /// order was first looked at, and not long before the provider was asked for it. What was there
    /// before is somebody else's; clocks may differ by less than the patience.
    fn awaits(&self, order: &Order, one: &Unowned, look: &Look) -> bool {
        let asked = order.attempted_at();
        !one.orphan.is_written_off
            && fits(&one.found, &order.quote)
            && one.promised == order.quote.again.is_some()
            && look.may_be_of(order, one.id())
            && asked.is_some_and(|asked| asked <= one.orphan.since + self.patience.settle_after)
    }

    /// What to do for an order.
    ///
    /// A number that no purchase under way can be waiting for is adopted; the other ones become so,
    /// or are owned, within the patience, and no new ones join them. So the wait has an end,
    /// however busy the market. The oldest order takes the oldest number: what an order may wait
    /// for begins and ends no later than what a younger one may, so as many as possible get one.
    fn judge(&self, order: &Order, free: &[Unowned], look: &Look) -> Verdict {
        let awaited = || free.iter().enumerate().filter(|(_, one)| self.awaits(order, one, look));
        match awaited().find(|(_, one)| one.settled) {
            Some((position, _)) => Verdict::Adopt(position),
            None if awaited().next().is_some() => Verdict::Wait,
            None => Verdict::Release,
        }
    }

    async fn settle_order(
        &self,
        order: &Order,
        free: &mut Vec<Unowned>,
        look: &Look,
    ) -> Result<bool, SettleError> {
        match self.judge(order, free, look) {
            Verdict::Adopt(position) => {
                let adopted = free.remove(position);
                self.adopt(order, &adopted.found).await
            }
            Verdict::Wait => Ok(false),
            Verdict::Release => self.release(order).await,
        }
    }

    async fn adopt(&self, order: &Order, found: &ActiveActivation) -> Result<bool, SettleError> {
        let now = self.ports.clock.now();
        let mut active = lease_out(order.clone(), &found.activation, &self.terms, now)?;
        // The provider's window began with the purchase, not with its discovery.
        if let (OrderState::Active { lease }, Some(since)) =
            (&mut active.state, order.attempted_at())
        {
            lease.expires_at = since + self.terms.lifetime;
            lease.cancel_from = since + self.terms.minimum_cancel;
        }
        let claim = retrying(ATTEMPTS, || self.ports.purchases.activate_orphan(&active)).await?;
        tracing::info!(?claim, provider.id = %order.quote.provider, "number found for order {}", order.id);
        Ok(claim == Claim::Won)
    }

    async fn give_up_old(&self, orders: &[Order]) -> Result<Settled, SettleError> {
        let mut settled = 0;
        for order in orders {
            settled += usize::from(self.give_up_when_old(order).await?);
        }
        Ok(Settled::orders(settled))
    }

    /// Without a list: releases once the activation's whole life is over, because then it cannot be
    /// charged any more.
    async fn give_up_when_old(&self, order: &Order) -> Result<bool, SettleError> {
        let life = self.terms.lifetime + self.patience.settle_after;
        let over = order.attempted_at().is_some_and(|since| since + life < self.ports.clock.now());
        if !over {
            return Ok(false);
        }
        self.release(order).await
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
    let phone = quote.again.as_ref().map(|again| &again.phone);
    phone.is_none_or(|phone| *phone == found.activation.phone)
        && found.service == quote.service
        && country.is_none_or(|country| *country == quote.country)
}

/// Whether purchases of this kind may be waiting for a listed activation.
fn rivals(under_way: &InFlight, found: &ActiveActivation) -> bool {
    let country = found.country.as_ref();
    found.service == under_way.service
        && country.is_none_or(|country| *country == under_way.country)
}
