use std::sync::{Arc, Mutex};

use tokio::time::advance;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

type Log = Arc<Mutex<Vec<Position>>>;

fn settings() -> BreakerSettings {
    BreakerSettings {
        consecutive_failures: 3,
        window: 10,
        failure_percent: 50,
        cool_down: 10 * SECOND,
        longest_block: 100 * SECOND,
    }
}

fn breaker() -> (Breaker<impl Fn(Moved)>, Log) {
    let log = Log::default();
    let heard = Arc::clone(&log);
    (Breaker::new(settings(), move |moved: Moved| heard.lock().unwrap().push(moved.to)), log)
}

fn call<F: Fn(Moved)>(breaker: &Breaker<F>, importance: Importance, health: Health) {
    breaker.admit(importance).expect("let through").settle(health);
}

fn buy<F: Fn(Moved)>(breaker: &Breaker<F>, health: Health) {
    call(breaker, Importance::Deferrable, health);
}

fn is_open<F: Fn(Moved)>(breaker: &Breaker<F>) -> bool {
    breaker.admit(Importance::Deferrable).is_none()
}

fn broken() -> (Breaker<impl Fn(Moved)>, Log) {
    let (breaker, log) = breaker();
    for _ in 0..3 {
        buy(&breaker, Health::Bad);
    }
    (breaker, log)
}

const fn blocked(wait: Option<Duration>) -> Health {
    Health::Blocked { reason: "test", wait }
}

#[tokio::test(start_paused = true)]
async fn opens_after_failures_in_a_row() {
    let (breaker, log) = breaker();
    for health in [Health::Bad, Health::Bad, Health::Good, Health::Bad, Health::Bad] {
        buy(&breaker, health);
    }
    assert!(!is_open(&breaker));
    buy(&breaker, Health::Bad);
    assert!(is_open(&breaker));
    assert_eq!(*log.lock().unwrap(), [Position::Closed, Position::Open]);
}

#[tokio::test(start_paused = true)]
async fn opens_when_half_of_a_full_window_failed() {
    let (breaker, _) = breaker();
    for turn in 0..9 {
        buy(&breaker, if turn % 2 == 0 { Health::Bad } else { Health::Good });
    }
    assert!(!is_open(&breaker), "the window is not full");
    buy(&breaker, Health::Good);
    assert!(is_open(&breaker));
}

#[tokio::test(start_paused = true)]
async fn good_polls_do_not_hide_bad_purchases() {
    let (breaker, _) = breaker();
    for _ in 0..3 {
        for _ in 0..20 {
            call(&breaker, Importance::Needed, Health::Good);
        }
        buy(&breaker, Health::Bad);
    }
    assert!(is_open(&breaker));
}

#[tokio::test(start_paused = true)]
async fn bad_polls_open_it_and_pass_when_it_is_open() {
    let (breaker, _) = breaker();
    for _ in 0..3 {
        call(&breaker, Importance::Needed, Health::Bad);
    }
    assert!(is_open(&breaker));
    call(&breaker, Importance::Needed, Health::Good);
    assert!(is_open(&breaker), "only a probe closes it");
}

#[tokio::test(start_paused = true)]
async fn exactly_one_call_tries_after_the_cool_down() {
    let (breaker, log) = broken();
    advance(9 * SECOND).await;
    assert!(is_open(&breaker));
    advance(SECOND).await;
    let probe = breaker.admit(Importance::Deferrable).expect("the probe");
    assert!(is_open(&breaker));
    call(&breaker, Importance::Needed, Health::Bad);
    call(&breaker, Importance::Needed, Health::Good);
    assert!(is_open(&breaker), "the probe alone decides");
    probe.settle(Health::Good);
    buy(&breaker, Health::Good);
    let moves = [Position::Closed, Position::Open, Position::HalfOpen, Position::Closed];
    assert_eq!(*log.lock().unwrap(), moves);
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_opens_it_again() {
    let (breaker, log) = broken();
    advance(10 * SECOND).await;
    buy(&breaker, Health::Bad);
    advance(9 * SECOND).await;
    assert!(is_open(&breaker));
    advance(SECOND).await;
    assert!(!is_open(&breaker));
    assert_eq!(log.lock().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_probe_lets_another_try() {
    let (breaker, _) = broken();
    advance(10 * SECOND).await;
    let probe = breaker.admit(Importance::Deferrable);
    assert!(probe.is_some() && is_open(&breaker));
    drop(probe);
    let second = breaker.admit(Importance::Deferrable).expect("the place is free");
    assert!(is_open(&breaker));
    second.settle(Health::Good);
    assert!(!is_open(&breaker));
}

#[tokio::test(start_paused = true)]
async fn a_settled_probe_does_not_free_the_place_of_the_next() {
    let (breaker, _) = broken();
    advance(10 * SECOND).await;
    buy(&breaker, Health::Bad);
    advance(10 * SECOND).await;
    let second = breaker.admit(Importance::Deferrable).expect("the second probe");
    assert!(is_open(&breaker));
    drop(second);
}

#[tokio::test(start_paused = true)]
async fn a_block_opens_it_at_once_and_for_as_long_as_it_says() {
    for (said, lasts) in [(None, 10), (Some(2), 10), (Some(30), 30), (Some(100_000), 100)] {
        let (breaker, _) = breaker();
        buy(&breaker, blocked(said.map(Duration::from_secs)));
        assert!(is_open(&breaker), "{said:?}");
        advance((lasts - 1) * SECOND).await;
        assert!(is_open(&breaker), "{said:?}");
        advance(SECOND).await;
        assert!(!is_open(&breaker), "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_an_earlier_era_count_for_nothing() {
    let (breaker, _) = breaker();
    let late: Vec<_> = (0..3).map(|_| breaker.admit(Importance::Deferrable).unwrap()).collect();
    for _ in 0..3 {
        buy(&breaker, Health::Bad);
    }
    advance(10 * SECOND).await;
    buy(&breaker, Health::Good);
    for ticket in late {
        ticket.settle(Health::Bad);
    }
    assert!(!is_open(&breaker));
}

#[tokio::test(start_paused = true)]
async fn senseless_settings_do_no_harm() {
    let zero = BreakerSettings {
        consecutive_failures: 0,
        window: 0,
        failure_percent: 0,
        cool_down: SECOND,
        longest_block: Duration::ZERO,
    };
    let breaker = Breaker::new(zero, |_| {});
    buy(&breaker, Health::Good);
    assert!(!is_open(&breaker));
    buy(&breaker, blocked(Some(5 * SECOND)));
    assert!(is_open(&breaker));
}
