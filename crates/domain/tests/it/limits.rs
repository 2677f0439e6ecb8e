use std::{sync::Arc, time::Duration};

use domain::limits::{Account, LocalLimiter, Policy};
use proptest::prelude::*;
use testkit::FixedClock;

const MINUTE: Duration = Duration::from_mins(1);

fn account(name: &'static str, quota: u32, burst: u32) -> Account {
    Account { policy: Policy { name, quota, window: MINUTE, burst }, subject: "a".to_owned() }
}

fn counted() -> (LocalLimiter, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::default());
    (LocalLimiter::new(clock.clone()), clock)
}

#[test]
fn a_burst_is_there_at_once_and_comes_back_evenly() {
    let (limiter, clock) = counted();
    let accounts = [account("token", 60, 3)];
    let left: Vec<_> = (0..3).map(|_| limiter.charge_now(&accounts, 1).0[0].remaining).collect();
    assert_eq!(left, [2, 1, 0]);
    let refused = limiter.charge_now(&accounts, 2);
    assert_eq!((refused.is_admitted(), refused.retry_after()), (false, Duration::from_secs(2)));
    clock.advance(Duration::from_millis(1_999));
    assert!(!limiter.charge_now(&accounts, 2).is_admitted());
    clock.advance(Duration::from_millis(1));
    assert!(limiter.charge_now(&accounts, 2).is_admitted());
    clock.advance(MINUTE * 60);
    assert_eq!(limiter.charge_now(&accounts, 1).0[0].remaining, 2, "no more than the burst");
}

#[test]
fn all_accounts_pay_or_none() {
    let (limiter, _) = counted();
    let both = [account("token", 60, 2), account("user", 60, 5)];
    for _ in 0..10 {
        limiter.charge_now(&both, 1);
    }
    let verdict = limiter.charge_now(&both, 1);
    let told: Vec<_> = verdict.0.iter().map(|it| (it.remaining, it.is_short)).collect();
    assert_eq!(told, [(0, true), (3, false)]);
}

#[test]
fn what_costs_more_than_a_burst_costs_the_burst() {
    let (limiter, _) = counted();
    let accounts = [account("token", 60, 5)];
    assert!(limiter.charge_now(&accounts, 100).is_admitted());
    assert!(!limiter.charge_now(&accounts, 1).is_admitted());
}

#[test]
fn a_quarter_is_never_nothing() {
    let policy = account("token", 3, 2).policy.quarter();
    assert_eq!((policy.quota, policy.burst), (1, 1));
    let policy = account("token", 600, 100).policy.quarter();
    assert_eq!((policy.quota, policy.burst), (150, 25));
}

proptest! {
    /// In any stretch of time no more is admitted than its share of the quota and one burst, and
    /// whoever waits as long as it was told is admitted.
    #[test]
    fn admits_what_the_policy_says(
        quota in 1_u32..500,
        burst in 1_u32..50,
        steps in prop::collection::vec((0_u64..5_000_000, 1_u32..8), 1..120),
    ) {
        let (limiter, clock) = counted();
        let accounts = [account("token", quota, burst)];
        let (mut now, mut admitted) = (0, Vec::new());
        for (pause, cost) in steps {
            clock.advance(Duration::from_micros(pause));
            now += pause;
            let verdict = limiter.charge_now(&accounts, cost);
            if verdict.is_admitted() {
                admitted.push((now, u64::from(cost.min(burst))));
                continue;
            }
            let wait = verdict.retry_after();
            clock.advance(wait);
            now += u64::try_from(wait.as_micros()).unwrap();
            prop_assert!(limiter.charge_now(&accounts, cost).is_admitted());
            admitted.push((now, u64::from(cost.min(burst))));
        }
        for (first, (from, _)) in admitted.iter().enumerate() {
            let mut sum = 0;
            for (at, cost) in &admitted[first..] {
                sum += cost;
                let share = (at - from) * u64::from(quota) / 60_000_000 + 1;
                prop_assert!(sum <= share + u64::from(burst), "{sum} in {} µs", at - from);
            }
        }
    }
}
