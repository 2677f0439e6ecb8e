use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use deadpool_redis::redis;
use domain::{
    limits::{Account, Bucket, LocalLimiter, Policy, RateLimiter as _},
    time::Clock,
};
use futures_util::future::join_all;
use infra::{redis::RedisLimiter, system::SystemClock};
use testkit::Dice;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{PATIENCE, RedisServer, until};

/// Units come back too slowly to matter while a test runs.
const HOUR: Duration = Duration::from_hours(1);

fn account(name: &'static str, subject: &str, quota: u32, burst: u32) -> Account {
    Account { policy: Policy { name, quota, window: HOUR, burst }, subject: subject.to_owned() }
}

/// A limiter with what it does beside requests.
fn limiter(server: &RedisServer, tasks: &mut JoinSet<()>) -> RedisLimiter {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let stop = CancellationToken::new();
    let (limiter, probing) =
        RedisLimiter::new(server.client(), LocalLimiter::new(clock), stop.clone());
    tasks.spawn(async move {
        let _stop = stop.drop_guard();
        probing.await;
    });
    limiter
}

/// However many processes ask at once, a burst is a burst.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_admits_more_than_there_is_to_concurrent_callers() {
    let server = RedisServer::start().await;
    let mut tasks = JoinSet::new();
    let processes = [0, 1].map(|_| limiter(&server, &mut tasks).patient(PATIENCE));
    let accounts = [account("token", "a", 60, 20), account("user", "a", 600, 500)];
    let mut admitted = 0;
    for _ in 0..5 {
        let asked = (0..20).map(|n| processes[n % 2].charge(&accounts, 1));
        admitted += join_all(asked).await.iter().filter(|it| it.is_admitted()).count();
    }
    assert_eq!(admitted, 20);
    assert!(processes.iter().all(|limiter| !limiter.is_degraded()));
    // Who was refused by one account has not paid to the other.
    let verdict = processes[0].charge(&[account("user", "a", 600, 500)], 1).await;
    assert_eq!(verdict.0[0].remaining, 500 - 20 - 1);
}

/// The script against the arithmetic of the domain, with random policies and costs.
#[tokio::test]
async fn counts_as_the_model_does() {
    let server = RedisServer::start().await;
    let mut tasks = JoinSet::new();
    let limiter = limiter(&server, &mut tasks).patient(PATIENCE);
    let mut dice = Dice::new(4_711);
    for round in 0..40 {
        let subject = round.to_string();
        let burst = 1 + dice.below(30);
        let accounts =
            [account("first", &subject, 60, burst), account("second", &subject, 120, 15)];
        let mut full_at = [0.0; 2];
        for _ in 0..15 {
            let cost = 1 + dice.below(6);
            let verdict = limiter.charge(&accounts, cost).await;
            let decisions: Vec<_> = accounts
                .iter()
                .zip(full_at)
                .map(|(account, at)| Bucket::of(&account.policy).decide(at, 0.0, cost))
                .collect();
            let admitted = decisions.iter().all(|decision| decision.wait <= 0.0);
            assert_eq!(verdict.is_admitted(), admitted, "{round}: {verdict:?}");
            for (place, decision) in decisions.iter().enumerate() {
                let expected = if admitted { decision.after } else { decision.before };
                assert_eq!(verdict.0[place].remaining, expected, "{round}: {verdict:?}");
                assert_eq!(verdict.0[place].is_short, decision.wait > 0.0, "{round}");
                if admitted {
                    full_at[place] = decision.full_at;
                }
            }
        }
    }
    assert!(!limiter.is_degraded());
}

#[tokio::test]
async fn gives_units_back_evenly_and_forgets_who_has_all_of_them() {
    let server = RedisServer::start().await;
    let mut tasks = JoinSet::new();
    let limiter = limiter(&server, &mut tasks).patient(PATIENCE);
    let policy = Policy { name: "fast", quota: 10, window: Duration::from_secs(1), burst: 2 };
    let account = [Account { policy, subject: "a".to_owned() }];
    assert!(limiter.charge(&account, 2).await.is_admitted());
    let refused = limiter.charge(&account, 1).await;
    let wait = refused.retry_after();
    assert!(!refused.is_admitted() && wait <= Duration::from_millis(100), "{wait:?}");
    let asked = Instant::now();
    until(|| async { limiter.charge(&account, 1).await.is_admitted() }).await;
    assert!(asked.elapsed() + Duration::from_millis(5) >= wait, "{:?}", asked.elapsed());
    until(|| async {
        let mut server = server.inspect().await;
        let keys: u64 = redis::cmd("DBSIZE").query_async(&mut server).await.unwrap();
        keys == 0
    })
    .await;
}

/// Nobody is let through uncounted, and nobody waits for a server that does not answer.
#[tokio::test]
async fn counts_alone_at_a_quarter_while_the_server_is_silent() {
    let server = RedisServer::start().await;
    let mut tasks = JoinSet::new();
    let limiter = limiter(&server, &mut tasks);
    let account = [account("token", "a", 60, 40)];
    assert!(limiter.charge(&account, 1).await.is_admitted());
    server.signal("STOP").await;
    let (mut admitted, mut slow) = (0, 0);
    for _ in 0..60 {
        let asked = Instant::now();
        admitted += u32::from(limiter.charge(&account, 1).await.is_admitted());
        slow += u32::from(asked.elapsed() > Duration::from_millis(40));
    }
    assert_eq!(admitted, 10, "a quarter of the burst");
    assert!(limiter.is_degraded());
    // The first three wait for the deadline; a busy machine may be slow once more by itself.
    assert!((3..=6).contains(&slow), "{slow} requests waited");
    server.signal("CONT").await;
    until(|| async { !limiter.is_degraded() }).await;
    until(|| async { limiter.charge(&account, 1).await.is_admitted() }).await;
}

#[tokio::test]
async fn a_dead_server_makes_nobody_unlimited() {
    let mut server = RedisServer::absent();
    let mut tasks = JoinSet::new();
    let limiter = limiter(&server, &mut tasks);
    let account = [account("token", "a", 60, 40)];
    let mut admitted = 0;
    for _ in 0..60 {
        admitted += u32::from(limiter.charge(&account, 1).await.is_admitted());
    }
    assert_eq!(admitted, 10);
    server.revive().await;
    until(|| async { !limiter.is_degraded() }).await;
    let verdict = limiter.charge(&account, 1).await;
    assert_eq!(verdict.0[0].policy.quota, 60, "the whole quota again: {verdict:?}");
}
