use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    ids::{ExternalId, ProviderId},
    ledger::{
        LedgerUpkeep,
        vitals::{Clearing, Prepaid, Vitals, Waiting},
    },
    orders::OrderWork,
    providers::{Listing, NumberProvider, ProviderRegistry},
    store::StoreError,
    time::{Clock, Timestamp},
};
use metrics::gauge;

use super::sync::wide;
use crate::{Progress, Task, TaskError};

/// How old a number has to be before its provider must list it.
const LISTED_AFTER: Duration = Duration::from_mins(2);

/// Measures what should come to an end and what should agree with the world outside, for alerts.
/// It moves nothing.
pub struct Monitor {
    ledger: Arc<dyn LedgerUpkeep>,
    work: Arc<dyn OrderWork>,
    registry: Arc<dyn ProviderRegistry>,
    clock: Arc<dyn Clock>,
    patience: Duration,
    /// Numbers that were missing when we last looked. Those of one look may just be ending.
    missing: Mutex<HashMap<ProviderId, HashSet<ExternalId>>>,
}

impl Monitor {
    /// Wires the task. Orders count as stuck that wait for longer than `patience`.
    pub fn new(
        ledger: Arc<dyn LedgerUpkeep>,
        work: Arc<dyn OrderWork>,
        registry: Arc<dyn ProviderRegistry>,
        clock: Arc<dyn Clock>,
        patience: Duration,
    ) -> Self {
        Self { ledger, work, registry, clock, patience, missing: Mutex::default() }
    }

    /// What a provider says it holds for us beside what we say it does. Numbers that run now are
    /// charged there and not yet booked here.
    async fn compare(&self, account: &Prepaid) {
        let code = &account.code;
        let expected = account.booked.saturating_sub(account.running);
        gauge!("provider_prepaid_micros", "provider" => code.clone()).set(wide(expected));
        let Ok(Some(adapter)) = self.registry.get(account.provider).await else { return };
        match adapter.balance().await {
            Ok(balance) => {
                let micros = balance.micros();
                gauge!("provider_balance_micros", "provider" => code.clone()).set(wide(micros));
                // Before the first funding is booked there is nothing to compare with.
                if account.funded {
                    gauge!("provider_balance_difference_micros", "provider" => code.clone())
                        .set(wide(micros.saturating_sub(expected)));
                }
            }
            Err(error) => tracing::debug!(%error, "balance at {code} not known"),
        }
        match self.unlisted(account.provider, &*adapter).await {
            Ok(Some(missing)) => self.tell_missing(account, missing),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "numbers of {code} not compared"),
        }
    }

    /// Numbers that customers wait on and that the provider does not list. Those that ended while
    /// it was asked do not count. Nothing when it does not say what it lists.
    async fn unlisted(
        &self,
        provider: ProviderId,
        adapter: &dyn NumberProvider,
    ) -> Result<Option<HashSet<ExternalId>>, StoreError> {
        let before = self.clock.now() - LISTED_AFTER;
        let mut waited: HashSet<_> =
            self.work.waited_on(provider, before).await?.into_iter().collect();
        if waited.is_empty() {
            return Ok(Some(waited));
        }
        let Ok(Listing::Complete(listed)) = adapter.active().await else { return Ok(None) };
        for found in &listed {
            waited.remove(&found.activation.external_id);
        }
        let still: HashSet<_> = self.work.waited_on(provider, before).await?.into_iter().collect();
        waited.retain(|id| still.contains(id));
        Ok(Some(waited))
    }

    fn tell_missing(&self, account: &Prepaid, missing: HashSet<ExternalId>) {
        let mut last = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let twice =
            last.get(&account.provider).map_or(0, |last| missing.intersection(last).count());
        last.insert(account.provider, missing);
        let twice = wide(i64::try_from(twice).unwrap_or(i64::MAX));
        gauge!("provider_activations_unlisted", "provider" => account.code.clone()).set(twice);
    }
}

#[async_trait]
impl Task for Monitor {
    async fn run(&self) -> Result<Progress, TaskError> {
        let now = self.clock.now();
        let vitals = self.ledger.vitals(now, self.patience).await?;
        tell(&vitals, now);
        for account in &vitals.prepaid {
            self.compare(account).await;
        }
        Ok(Progress::Done)
    }
}

fn tell(vitals: &Vitals, now: Timestamp) {
    let waiting = |count: &'static str, oldest: &'static str, waiting: Waiting| {
        gauge!(count).set(wide(waiting.count));
        gauge!(oldest).set(age(waiting.since, now));
    };
    waiting("ledger_held_orders", "ledger_held_oldest_seconds", vitals.holds);
    waiting("orders_stuck_reserving", "orders_stuck_oldest_seconds", vitals.stuck_reserving);
    waiting("orders_overdue", "orders_overdue_oldest_seconds", vitals.overdue);
    waiting("ledger_proposals_open", "ledger_proposals_oldest_seconds", vitals.proposals);
    let (debtors, debt) = vitals.debts;
    gauge!("ledger_debtors").set(wide(debtors));
    gauge!("ledger_debt_idr").set(wide(debt));
    gauge!("ledger_frozen_customers").set(wide(vitals.frozen));
    gauge!("ledger_rolled_up_age_seconds").set(age(vitals.rolled_up_at, now));
    gauge!("ledger_audited_age_seconds").set(age(vitals.audited_at, now));
    for Clearing { gateway, currency, unsettled, since } in &vitals.clearing {
        let labels = [("gateway", gateway.code()), ("currency", currency.code())];
        gauge!("ledger_clearing_unsettled", &labels).set(wide(*unsettled));
        gauge!("ledger_clearing_oldest_seconds", &labels).set(age(*since, now));
    }
    for (provider, strangers) in &vitals.strangers {
        gauge!("provider_strangers", "provider" => provider.clone()).set(wide(strangers.count));
        gauge!("provider_strangers_oldest_seconds", "provider" => provider.clone())
            .set(age(strangers.since, now));
    }
    for (gateway, count) in &vitals.unannounced {
        gauge!("payments_unannounced", "gateway" => gateway.code()).set(wide(*count));
    }
}

/// Seconds since then; none when nothing waits.
fn age(since: Option<Timestamp>, now: Timestamp) -> f64 {
    let waited = since.and_then(|since| now.signed_duration_since(since).to_std().ok());
    waited.unwrap_or_default().as_secs_f64()
}
