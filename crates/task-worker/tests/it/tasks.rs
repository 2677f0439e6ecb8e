use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    ids::{EventSeq, ExternalId},
    ledger::{
        LedgerQueries,
        audit::AuditBooks,
        debts::CollectDebts,
        treasury::{Decision, Treasury},
    },
    money::Amount,
    orders::{OrderWork, Status},
    outbox::{EventKind, EventQueries, StampedEvent},
    providers::Listing,
    rates::{IdrPerUsd, RateError, RateSource, RefreshRate},
    retention::{Purged, Record, Retention},
    store::{Store, StoreError},
    tasks::TaskKind,
    time::{Clock, Timestamp},
};
use runtime::telemetry::metrics_handle;
use task_worker::{
    Adopt, Audit, Backlog, Collect, Expire, Missed, Monitor, Poll, Progress, Publisher, Purge,
    Rate, Relay, RollUp, Scope, Settle, Sync, Task, TaskError, Watch,
};
use testkit::{Blow, Market, Moment};

async fn market() -> Market {
    metrics_handle().unwrap();
    Market::new().await.unwrap().funded(1_000).await.unwrap()
}

async fn run(task: &impl Task) -> Progress {
    task.run().await.unwrap()
}

/// The value of the gauge with this name.
fn gauge(name: &str) -> f64 {
    let text = metrics_handle().unwrap().render();
    // Names begin with those of others.
    let is_it =
        |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']));
    let line = text.lines().find(is_it).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn is(value: f64, expected: f64) -> bool {
    (value - expected).abs() < f64::EPSILON
}

/// Keeps what is published, or fails.
#[derive(Default)]
struct Feed {
    heard: Mutex<Vec<StampedEvent>>,
    is_down: bool,
}

#[async_trait]
impl Publisher for Feed {
    async fn publish(&self, events: &[StampedEvent]) -> Result<(), TaskError> {
        if self.is_down {
            return Err("connection refused".into());
        }
        self.heard.lock().unwrap().extend_from_slice(events);
        Ok(())
    }
}

fn relay(market: &Market, feed: &Arc<Feed>) -> Relay {
    Relay::new(
        Arc::new(market.store.clone()),
        feed.clone(),
        (market.wake.clone(), market.clock.clone()),
    )
}

#[tokio::test]
async fn the_relay_publishes_each_event_once_and_in_order() {
    let (market, feed) = (market().await, Arc::new(Feed::default()));
    let order = market.buy().await.unwrap();
    market.sms(&order, "123456").unwrap();
    market.pull_sms().execute(&order).await.unwrap();
    let relay = relay(&market, &feed);
    assert_eq!(run(&relay).await, Progress::Done);
    assert_eq!(run(&relay).await, Progress::Done);
    let heard = feed.heard.lock().unwrap();
    let kinds: Vec<_> = heard.iter().map(|event| event.event.kind).collect();
    assert_eq!(kinds, [EventKind::OrderActive, EventKind::OrderOtpReceived]);
    assert!(heard.is_sorted_by_key(|event| event.seq));
}

#[tokio::test]
async fn the_relay_goes_on_while_its_batches_are_full() {
    let market = market().await;
    market.credit(market.user, 100_000).await.unwrap();
    let feed = Arc::new(Feed::default());
    for _ in 0..6 {
        market.place_orders().execute(market.command(100, None)).await.unwrap();
    }
    let relay = relay(&market, &feed);
    assert_eq!(run(&relay).await, Progress::More);
    assert_eq!(feed.heard.lock().unwrap().len(), 500);
    assert_eq!(run(&relay).await, Progress::Done);
    assert_eq!(feed.heard.lock().unwrap().len(), 600);
}

#[tokio::test]
async fn events_get_their_place_even_if_nobody_can_be_told() {
    let feed = Arc::new(Feed { is_down: true, ..Feed::default() });
    let market = market().await;
    market.buy().await.unwrap();
    assert_eq!(run(&relay(&market, &feed)).await, Progress::Done);
    let visible = market.store.since(market.user, EventSeq::new(0), 10).await.unwrap();
    assert_eq!(visible.len(), 1);
}

#[tokio::test]
async fn the_relay_fails_with_the_database() {
    let (market, feed) = (market().await, Arc::new(Feed::default()));
    market.buy().await.unwrap();
    market.chaos.strike_next("stamp", Moment::Before, Blow::Fail);
    assert!(relay(&market, &feed).run().await.is_err());
    assert_eq!(run(&relay(&market, &feed)).await, Progress::Done);
    assert_eq!(feed.heard.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn reconcilers_ask_for_more_until_they_find_nothing() {
    let market = market().await;
    let order = market.buy().await.unwrap();
    let poll = Poll(market.poll_active());
    market.sms(&order, "123456").unwrap();
    assert_eq!(run(&poll).await, Progress::More);
    assert_eq!(run(&poll).await, Progress::Done);
    assert_eq!(market.order(&order).await.unwrap().status(), Status::OtpReceived);

    let expire = Expire(market.expire_orders());
    assert_eq!(run(&expire).await, Progress::Done);
    market.clock.advance(Market::TERMS.lifetime);
    assert_eq!(run(&expire).await, Progress::More);
    assert_eq!(market.order(&order).await.unwrap().status(), Status::Completed);

    assert_eq!(market.run_tasks().await.unwrap(), 1);
    assert!(!market.order(&order).await.unwrap().upstream_open);
    assert_eq!(run(&Settle(market.settle_reserving())).await, Progress::Done);
    market.check_story().await.unwrap();
}

#[tokio::test]
async fn payments_are_found_without_notifications() {
    let market = market().await;
    let (_, polled) = market.started(&market.gateway, 20_000).await.unwrap();
    market.gateway.pay(&polled);
    let watch = Watch(market.poll_topups());
    assert_eq!(run(&watch).await, Progress::Done);
    market.clock.advance(Duration::from_mins(1));
    assert_eq!(run(&watch).await, Progress::More);
    assert_eq!(run(&watch).await, Progress::Done);
    market.run_tasks().await.unwrap();
    assert_eq!(market.wallet().await.unwrap().0, 21_000);
    let (_, missed) = market.started(&market.gateway, 30_000).await.unwrap();
    market.gateway.pay(&missed);
    market.gateway.lose_hint(&missed);
    assert_eq!(run(&Missed(market.catch_up())).await, Progress::Done);
    market.run_tasks().await.unwrap();
    assert_eq!(market.wallet().await.unwrap().0, 51_000);
    market.check_story().await.unwrap();
}

/// A source with one answer.
struct Says(Result<i64, RateError>, Timestamp);

#[async_trait]
impl RateSource for Says {
    async fn fetch(&self) -> Result<(IdrPerUsd, Timestamp), RateError> {
        let rupiah = self.0.clone()?;
        Ok((IdrPerUsd::new(rupiah).ok_or(RateError::Absurd("out of range"))?, self.1))
    }
}

#[tokio::test]
async fn the_rate_is_told_to_metrics() {
    let market = market().await;
    let rate = |says| {
        let source = Arc::new(Says(says, market.clock.now()));
        let book = Arc::new(market.store.clone());
        Rate(RefreshRate::new(source, book, market.clock.clone(), Market::FIXED_RATE))
    };
    assert_eq!(run(&rate(Ok(10_250))).await, Progress::Done);
    assert!(is(gauge("exchange_rate_idr_per_usd"), 10_250.0));
    assert!(is(gauge("exchange_rate_fresh"), 1.0));
    assert!(rate(Err(RateError::Unavailable("away"))).run().await.is_err());
    assert!(is(gauge("exchange_rate_idr_per_usd"), 10_250.0));
    assert!(is(gauge("exchange_rate_fresh"), 0.0));
}

#[tokio::test]
async fn what_an_earlier_version_left_gets_its_task() {
    let market = market().await;
    let order = market.buy().await.unwrap();
    let callback = market.callback(&order, "123456").unwrap();
    let stored = market.receive_sms().store(&callback).await.unwrap();
    let mut unit = market.store.begin().await.unwrap();
    unit.tasks().withdraw(TaskKind::ConfirmSms, &stored.id.into()).await.unwrap();
    unit.commit().await.unwrap();
    market.sms(&order, "123456").unwrap();
    let adopt = Adopt::new(Arc::new(market.store.clone()), market.clock.clone());
    market.clock.advance(Duration::from_secs(61));
    assert_eq!(run(&adopt).await, Progress::Done);
    assert_eq!(market.run_tasks().await.unwrap(), 1);
    assert_eq!(market.order(&order).await.unwrap().status(), Status::OtpReceived);
}

#[tokio::test]
async fn the_catalog_tells_which_providers_could_be_read() {
    use domain::providers::ProviderError;
    let market = market().await;
    market.dear.adapter.then_catalog_fails(ProviderError::Unavailable("away"));
    assert_eq!(run(&Sync(market.sync_catalog())).await, Progress::Done);
    assert!(is(gauge("catalog_fresh{provider=\"cheap\"}"), 1.0));
    assert!(is(gauge("catalog_fresh{provider=\"dear\"}"), 0.0));
    assert!(is(gauge("catalog_offers{provider=\"cheap\"}"), 1.0));
}

#[tokio::test]
async fn what_waits_is_counted() {
    let market = market().await;
    let order = market.buy().await.unwrap();
    let mut callback = market.callback(&order, "123456").unwrap();
    callback.external_id = domain::ids::ExternalId::parse("unknown").unwrap();
    market.receive_sms().execute(&callback).await.unwrap();
    market.started(&market.gateway, 20_000).await.unwrap();
    let store = Arc::new(market.store.clone());
    assert_eq!(run(&Backlog::new(store.clone(), store.clone(), store)).await, Progress::Done);
    assert!(is(gauge("sms_inbox_pending"), 1.0));
    assert!(is(gauge("queue_waiting{kind=\"sms.confirm\"}"), 1.0));
    assert!(is(gauge("queue_dead{kind=\"sms.confirm\"}"), 0.0));
    assert!(is(gauge("queue_oldest_ready_seconds{kind=\"order.close_upstream\"}"), 0.0));
    assert!(is(gauge("topups_open"), 1.0));
    assert!(is(gauge("topups_flagged"), 0.0));
    assert!(is(gauge("topups_oldest_processing_seconds"), 0.0));
}

fn books(market: &Market) -> AuditBooks {
    let store = Arc::new(market.store.clone());
    AuditBooks::new(store.clone(), store.clone(), store)
}

#[tokio::test]
async fn an_audit_raises_the_alarm_and_stops_the_account() {
    let market = market().await;
    for (scope, name) in [(Scope::Full, "full"), (Scope::Recent, "recent")] {
        assert_eq!(run(&Audit::new(books(&market), scope)).await, Progress::Done);
        assert!(is(gauge(&format!("ledger_audit_findings{{scope=\"{name}\"}}")), 0.0));
    }
    market.store.tamper_with_wallet(market.user).await;
    for (scope, name) in [(Scope::Full, "full"), (Scope::Recent, "recent")] {
        run(&Audit::new(books(&market), scope)).await;
        assert!(gauge(&format!("ledger_audit_findings{{scope=\"{name}\"}}")) >= 1.0);
    }
    assert!(LedgerQueries::wallet(&market.store, market.user).await.unwrap().frozen);
}

/// L12, L15: among what differs is what a provider says of our balance.
#[tokio::test]
async fn the_monitor_measures_what_waits_and_what_differs() {
    let market = market().await;
    market.buy().await.unwrap();
    market.clock.advance_seconds(3_600);
    let store = Arc::new(market.store.clone());
    let treasury = Treasury::new(store.clone(), store.clone());
    let decision = Decision {
        operator: "Ada".to_owned(),
        reason: "a transfer".to_owned(),
        reference: "tx_1".to_owned(),
    };
    let usd = Amount::new(5_000_000).unwrap();
    treasury.fund(market.cheap.id, usd, &decision).await.unwrap();
    let patience = Duration::from_mins(1);
    let (registry, clock) = (market.registry.clone(), market.clock.clone());
    let monitor = Monitor::new(store.clone(), store.clone(), registry, clock, patience);
    assert_eq!(run(&monitor).await, Progress::Done);
    let unlisted = "provider_activations_unlisted{provider=\"cheap\"}";
    assert!(is(gauge(unlisted), 0.0));
    assert!(is(gauge("payments_unannounced{gateway=\"stripe\"}"), 0.0));
    assert!(is(gauge("ledger_held_orders"), 1.0));
    assert!(is(gauge("ledger_held_oldest_seconds"), 3_600.0));
    assert!(is(gauge("orders_stuck_reserving"), 0.0));
    assert!(is(gauge("orders_overdue"), 1.0));
    assert!(is(gauge("ledger_debt_idr"), 0.0));
    // One number runs, which the provider has charged and the books have not.
    let expected = 5_000_000.0 - 3_000.0;
    assert!(is(gauge("provider_prepaid_micros{provider=\"cheap\"}"), expected));
    assert!(is(gauge("provider_balance_micros{provider=\"cheap\"}"), 0.0));
    assert!(is(gauge("provider_balance_difference_micros{provider=\"cheap\"}"), -expected));
    // The provider drops the number, and lists one that nobody owns. What one look misses may just
    // be ending; what two miss is lost.
    let stranger = ExternalId::parse("stranger").unwrap();
    let seen = market.clock.now() - Duration::from_secs(90);
    store.note_orphan(market.cheap.id, &stranger, seen).await.unwrap();
    for missing in [0.0, 1.0] {
        market.cheap.adapter.then_listing(Ok(Listing::Complete(Vec::new())));
        run(&monitor).await;
        assert!(is(gauge(unlisted), missing));
    }
    assert!(is(gauge("provider_strangers_oldest_seconds{provider=\"cheap\"}"), 90.0));
    run(&monitor).await;
    assert!(is(gauge(unlisted), 0.0));
}

#[tokio::test]
async fn sums_are_kept_and_debts_collected_in_the_background() {
    let market = market().await;
    let store = Arc::new(market.store.clone());
    assert_eq!(run(&RollUp(store.clone())).await, Progress::Done);
    assert_eq!(run(&Collect(CollectDebts::new(store.clone(), store))).await, Progress::Done);
}

/// Tables of which so much may go; those it does not know cannot be purged.
struct Shelf(Mutex<BTreeMap<&'static str, u64>>);

#[async_trait]
impl Retention for Shelf {
    async fn purge(
        &self,
        record: Record,
        keep: Duration,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        let mut tables = self.0.lock().unwrap();
        let left =
            tables.get_mut(record.table()).ok_or_else(|| StoreError::Unavailable("down".into()))?;
        let removed = u64::from(limit).min(*left);
        *left -= removed;
        let oldest = if *left > 0 { keep + Duration::from_secs(7) } else { keep / 2 };
        Ok(Purged { removed, oldest: Some(oldest) })
    }
}

#[tokio::test]
async fn what_is_over_goes_batch_by_batch() {
    let market = market().await;
    let shelf = |tables: &[(Record, u64)]| {
        let tables = tables.iter().map(|(record, left)| (record.table(), *left));
        Arc::new(Shelf(Mutex::new(tables.collect())))
    };
    let purge = |shelf: &Arc<Shelf>| {
        let week = Duration::from_hours(7 * 24);
        let keep = Record::ALL.map(|record| (record, week)).to_vec();
        Purge::new(shelf.clone(), Arc::new(market.store.clone()), keep)
    };
    let all = shelf(&Record::ALL.map(|record| (record, 10)));
    assert_eq!(run(&purge(&all)).await, Progress::Done);
    assert!(all.0.lock().unwrap().values().all(|left| *left == 0));
    let mut tables = Record::ALL.map(|record| (record, 0));
    tables[0].1 = 2_100;
    let one = shelf(&tables);
    let overdue = format!("retention_overdue_seconds{{table=\"{}\"}}", tables[0].0.table());
    assert_eq!(run(&purge(&one)).await, Progress::More);
    assert!(is(gauge(&overdue), 7.0));
    assert_eq!(run(&purge(&one)).await, Progress::Done);
    assert!(is(gauge(&overdue), 0.0));
    // The first of two fails, the second is purged all the same.
    let half = shelf(&[(Record::ALL[1], 5)]);
    assert!(purge(&half).run().await.is_err());
    assert!(half.0.lock().unwrap().values().all(|left| *left == 0));
}
