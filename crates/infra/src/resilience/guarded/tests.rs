use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use domain::{
    money::Cost,
    providers::{PhoneNumber, Refusal},
};
use futures_util::future::join_all;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::time::{advance, sleep};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Answers purchases as scripted, each after `takes`; out of stock when the script is over.
#[derive(Default)]
struct Scripted {
    takes: Duration,
    purchases: Mutex<VecDeque<Result<Activation, AcquireError>>>,
    polls_fail: bool,
    asked: AtomicUsize,
    most_at_once: AtomicUsize,
    at_once: AtomicUsize,
}

impl Scripted {
    fn selling(purchases: impl IntoIterator<Item = Result<Activation, AcquireError>>) -> Self {
        Self { purchases: Mutex::new(purchases.into_iter().collect()), ..Self::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl NumberProvider for Scripted {
    async fn acquire(&self, _: &AcquireRequest) -> Result<Activation, AcquireError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let running = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        sleep(self.takes).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        let next = self.purchases.lock().unwrap().pop_front();
        next.unwrap_or(Err(AcquireError::Refused(Refusal::OutOfStock)))
    }

    async fn status(&self, _: &ExternalId) -> Result<UpstreamStatus, ProviderError> {
        sleep(self.takes).await;
        if self.polls_fail {
            return Err(ProviderError::Unavailable("scripted"));
        }
        Ok(UpstreamStatus::Waiting)
    }

    async fn cancel(&self, _: &ExternalId) -> Result<CancelOutcome, ProviderError> {
        Ok(CancelOutcome::Canceled)
    }

    async fn finish(&self, _: &ExternalId) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn resend(&self, _: &ExternalId) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn active(&self) -> Result<Listing, ProviderError> {
        Ok(Listing::Unsupported)
    }

    async fn catalog(&self) -> Result<ProviderCatalog, ProviderError> {
        sleep(self.takes).await;
        Ok(ProviderCatalog::default())
    }

    async fn balance(&self) -> Result<Deposit, ProviderError> {
        Ok(Deposit::default())
    }
}

fn guarded(inner: Scripted) -> Guarded<Scripted> {
    let breaker = BreakerSettings { consecutive_failures: 3, ..BreakerSettings::default() };
    let settings = GuardSettings {
        deadline: 5 * SECOND,
        catalog_deadline: 20 * SECOND,
        max_in_flight: 2,
        breaker,
    };
    Guarded::new(inner, "alpha", settings)
}

fn request() -> AcquireRequest {
    AcquireRequest { service: "wa".into(), country: "6".into(), max_cost: Cost::default() }
}

fn id() -> ExternalId {
    ExternalId::parse("635468021").unwrap()
}

fn number() -> Activation {
    Activation {
        external_id: id(),
        phone: PhoneNumber::parse("79584123456").unwrap(),
        cost: Cost::from_micros(350_000),
    }
}

const fn refused<T>(refusal: Refusal) -> Result<T, AcquireError> {
    Err(AcquireError::Refused(refusal))
}

const fn unknown<T>() -> Result<T, AcquireError> {
    Err(AcquireError::Unknown { reason: "scripted", answered: false })
}

#[tokio::test(start_paused = true)]
async fn answers_pass_through() {
    let provider = guarded(Scripted::selling([Ok(number())]));
    assert_eq!(provider.acquire(&request()).await, Ok(number()));
    assert_eq!(provider.acquire(&request()).await, refused(Refusal::OutOfStock));
    assert_eq!(provider.status(&id()).await, Ok(UpstreamStatus::Waiting));
}

#[tokio::test(start_paused = true)]
async fn a_purchase_beyond_the_deadline_has_an_unknown_outcome() {
    let provider = guarded(Scripted { takes: 6 * SECOND, ..Scripted::default() });
    let outcome = provider.acquire(&request()).await;
    assert!(matches!(outcome, Err(AcquireError::Unknown { answered: false, .. })), "{outcome:?}");
    let outcome = provider.status(&id()).await;
    assert_eq!(outcome, Err(ProviderError::Unavailable("no answer in time")));
    assert!(provider.catalog().await.is_ok(), "the catalog has a deadline of its own");
}

#[tokio::test(start_paused = true)]
async fn unknown_outcomes_stop_purchases_but_not_polls() {
    let provider = guarded(Scripted::selling([unknown(), unknown(), unknown()]));
    for _ in 0..3 {
        assert!(provider.acquire(&request()).await.is_err());
    }
    let held_back = refused(Refusal::NotAsked("breaker open"));
    assert_eq!(provider.acquire(&request()).await, held_back);
    assert_eq!(provider.catalog().await, Err(ProviderError::Unavailable("breaker open")));
    assert_eq!(provider.inner.asked(), 3);
    assert!(provider.status(&id()).await.is_ok());
    assert!(provider.cancel(&id()).await.is_ok());
    assert!(provider.active().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn failing_polls_stop_purchases() {
    let provider = guarded(Scripted { polls_fail: true, ..Scripted::default() });
    for _ in 0..3 {
        assert!(provider.status(&id()).await.is_err());
    }
    let held_back = refused(Refusal::NotAsked("breaker open"));
    assert_eq!(provider.acquire(&request()).await, held_back);
}

#[tokio::test(start_paused = true)]
async fn ordinary_refusals_are_no_trouble() {
    let script = (0..30).map(|turn| {
        refused(match turn % 3 {
            0 => Refusal::OutOfStock,
            1 => Refusal::PriceTooLow { minimum: None },
            _ => Refusal::Mapping,
        })
    });
    let provider = guarded(Scripted::selling(script));
    for _ in 0..40 {
        assert!(provider.acquire(&request()).await.is_err());
    }
    assert_eq!(provider.inner.asked(), 40);
}

#[tokio::test(start_paused = true)]
async fn an_empty_balance_stops_purchases_at_once() {
    for refusal in
        [Refusal::UpstreamBalance, Refusal::UpstreamAuth, Refusal::UpstreamBlocked { until: None }]
    {
        let provider = guarded(Scripted::selling([refused(refusal.clone()), Ok(number())]));
        assert_eq!(provider.acquire(&request()).await, refused(refusal));
        assert!(provider.acquire(&request()).await.is_err());
        advance(15 * SECOND).await;
        assert_eq!(provider.acquire(&request()).await, Ok(number()));
        assert_eq!(provider.inner.asked(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_canceled_probe_leaves_its_place_to_another() {
    let script = [refused(Refusal::UpstreamBalance), Ok(number())];
    let provider = guarded(Scripted { takes: SECOND, ..Scripted::selling(script) });
    assert!(provider.acquire(&request()).await.is_err());
    advance(15 * SECOND).await;
    {
        let request = request();
        let mut probe = provider.acquire(&request);
        assert!(futures_util::poll!(&mut probe).is_pending());
        let held_back = refused(Refusal::NotAsked("breaker open"));
        assert_eq!(provider.acquire(&request).await, held_back);
    }
    assert_eq!(provider.acquire(&request()).await, Ok(number()));
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_run_at_a_time_than_allowed() {
    let provider = guarded(Scripted { takes: SECOND, ..Scripted::default() });
    let request = request();
    let outcomes = join_all((0..5).map(|_| provider.acquire(&request))).await;
    let turned_away = refused(Refusal::NotAsked("too many calls in flight"));
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == turned_away).count(), 3);
    assert_eq!(provider.inner.most_at_once.load(Ordering::SeqCst), 2);
    assert_eq!(provider.acquire(&request).await, refused(Refusal::OutOfStock));
}

/// An order at the end of its window is asked about however many end with it.
#[tokio::test(start_paused = true)]
async fn questions_about_rented_numbers_queue_up() {
    let provider = guarded(Scripted { takes: SECOND, ..Scripted::default() });
    let id = ExternalId::parse("1").unwrap();
    let answers = join_all((0..4).map(|_| provider.status(&id))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_short_burst_waits_instead_of_failing() {
    let provider = guarded(Scripted { takes: Duration::from_millis(30), ..Scripted::default() });
    let request = request();
    let outcomes = join_all((0..6).map(|_| provider.acquire(&request))).await;
    assert!(outcomes.iter().all(|outcome| *outcome == refused(Refusal::OutOfStock)));
}

#[tokio::test(start_paused = true)]
async fn being_turned_away_says_nothing_about_the_provider() {
    let provider = guarded(Scripted { takes: SECOND, ..Scripted::default() });
    let request = request();
    for _ in 0..5 {
        join_all((0..10).map(|_| provider.acquire(&request))).await;
    }
    assert_eq!(provider.acquire(&request).await, refused(Refusal::OutOfStock));
}

#[tokio::test(start_paused = true)]
async fn calls_and_the_breaker_are_measured() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let provider = guarded(Scripted::selling([Ok(number()), refused(Refusal::UpstreamAuth)]));
    for _ in 0..3 {
        let _ = provider.acquire(&request()).await;
    }
    let shown = recorder.handle().render();
    for line in [
        "provider_calls_total{provider=\"alpha\",call=\"acquire\",outcome=\"ok\"} 1",
        "provider_calls_total{provider=\"alpha\",call=\"acquire\",outcome=\"auth\"} 1",
        "provider_calls_total{provider=\"alpha\",call=\"acquire\",outcome=\"breaker_open\"} 1",
        "provider_call_seconds_count{provider=\"alpha\",call=\"acquire\"} 2",
        "provider_breaker_state{provider=\"alpha\"} 2",
        "provider_in_flight{provider=\"alpha\"} 0",
    ] {
        assert!(shown.contains(line), "{line} is not in:\n{shown}");
    }
    advance(15 * SECOND).await;
    assert!(provider.acquire(&request()).await.is_err(), "out of stock is a working provider");
    assert!(recorder.handle().render().contains("provider_breaker_state{provider=\"alpha\"} 0"));
}
