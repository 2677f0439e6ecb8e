use std::time::Duration;

use deadpool_redis::redis::AsyncCommands;
use infra::redis::Leader;
use tokio::time::sleep;

use crate::support::{RedisServer, soon, until};

/// Longer than any test: what happens meanwhile is not the lease running out.
const LONG: Duration = Duration::from_mins(2);
/// Short enough to wait for, long enough to be renewed on a busy machine.
const SHORT: Duration = Duration::from_secs(2);

fn leader(server: &RedisServer, instance: &str) -> Leader {
    Leader::new(server.client(), instance)
}

#[tokio::test]
async fn one_holder_at_a_time() {
    let server = RedisServer::start().await;
    let (one, two) = (leader(&server, "one"), leader(&server, "two"));
    let lease = one.acquire("settle", LONG).await.unwrap().unwrap();
    assert!(two.acquire("settle", LONG).await.unwrap().is_none());
    assert!(one.acquire("settle", LONG).await.unwrap().is_none());
    assert!(two.acquire("expire", LONG).await.unwrap().is_some());
    let lost = lease.lost();
    assert!(!lost.is_cancelled());
    lease.release().await.unwrap();
    assert!(lost.is_cancelled());
    assert!(two.acquire("settle", LONG).await.unwrap().is_some());
}

#[tokio::test]
async fn among_many_exactly_one_wins() {
    let server = RedisServer::start().await;
    let leaders: Vec<Leader> = (0..8).map(|n| leader(&server, &n.to_string())).collect();
    let tries = (0..64).map(|n| leaders[n % 8].acquire("settle", LONG));
    let leases = futures_util::future::join_all(tries).await;
    assert_eq!(leases.into_iter().filter_map(Result::unwrap).count(), 1);
}

#[tokio::test]
async fn is_renewed_for_as_long_as_it_is_held() {
    let server = RedisServer::start().await;
    let lease = leader(&server, "one").acquire("settle", SHORT).await.unwrap().unwrap();
    sleep(SHORT + SHORT / 4).await;
    assert!(!lease.lost().is_cancelled());
    assert!(leader(&server, "two").acquire("settle", SHORT).await.unwrap().is_none());
}

#[tokio::test]
async fn runs_out_when_it_is_dropped() {
    let server = RedisServer::start().await;
    let lease = leader(&server, "one").acquire("settle", SHORT).await.unwrap().unwrap();
    let lost = lease.lost();
    drop(lease);
    assert!(lost.is_cancelled());
    let left: i64 = server.inspect().await.pttl("task_lock:settle").await.unwrap();
    assert!((1..=2000).contains(&left), "{left} ms are left of it");
    let two = leader(&server, "two");
    until(|| async { two.acquire("settle", LONG).await.unwrap().is_some() }).await;
}

/// After a pause so long that somebody else has taken over.
#[tokio::test]
async fn a_lease_of_another_is_neither_renewed_nor_ended() {
    let server = RedisServer::start().await;
    let mut inspect = server.inspect().await;
    let lease = leader(&server, "one").acquire("settle", SHORT).await.unwrap().unwrap();
    let late = leader(&server, "one").acquire("expire", LONG).await.unwrap().unwrap();
    for key in ["task_lock:settle", "task_lock:expire"] {
        let () = inspect.pset_ex(key, "two", 60_000).await.unwrap();
    }
    soon(lease.lost().cancelled()).await;
    late.release().await.unwrap();
    for key in ["task_lock:settle", "task_lock:expire"] {
        let holder: String = inspect.get(key).await.unwrap();
        assert_eq!(holder, "two");
        let left: i64 = inspect.pttl(key).await.unwrap();
        assert!(left > 30_000, "{key} was cut to {left} ms");
    }
}

#[tokio::test]
async fn is_lost_when_redis_forgets_it() {
    let server = RedisServer::start().await;
    let lease = leader(&server, "one").acquire("settle", SHORT).await.unwrap().unwrap();
    let () = server.inspect().await.flushall().await.unwrap();
    soon(lease.lost().cancelled()).await;
}

/// The holder stops no later than Redis would let the next one start.
#[tokio::test]
async fn is_lost_when_redis_dies() {
    let mut server = RedisServer::start().await;
    let one = leader(&server, "one");
    let lease = one.acquire("settle", SHORT).await.unwrap().unwrap();
    server.kill().await;
    let killed = std::time::Instant::now();
    soon(lease.lost().cancelled()).await;
    assert!(killed.elapsed() < SHORT + Duration::from_secs(1), "{:?}", killed.elapsed());
    assert!(one.acquire("settle", SHORT).await.is_err());
}

/// One renewal fails, the next one succeeds.
#[tokio::test]
async fn outlives_a_short_outage() {
    let ttl = Duration::from_secs(6);
    let mut server = RedisServer::start().await;
    let lease = leader(&server, "one").acquire("settle", ttl).await.unwrap().unwrap();
    let holder: String = server.inspect().await.get("task_lock:settle").await.unwrap();
    server.kill().await;
    server.revive().await;
    // As a server with persistence would have it.
    let () = server.inspect().await.pset_ex("task_lock:settle", &holder, 60_000).await.unwrap();
    until(|| async {
        let left: i64 = server.inspect().await.pttl("task_lock:settle").await.unwrap();
        left <= 6000
    })
    .await;
    assert!(!lease.lost().is_cancelled());
}

#[tokio::test]
async fn shows_who_holds_it() {
    let server = RedisServer::start().await;
    let _lease = leader(&server, "worker-7").acquire("settle", LONG).await.unwrap().unwrap();
    let holder: String = server.inspect().await.get("task_lock:settle").await.unwrap();
    let (name, nonce) = holder.split_once(':').unwrap();
    assert_eq!((name, nonce.len()), ("worker-7", 32));
}
