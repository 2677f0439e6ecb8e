use std::time::{Duration, Instant};

use deadpool_redis::redis;
use futures_util::future::join_all;
use infra::redis::{Redis, RedisError};

use crate::support::{RedisServer, until};

/// Asks until the server answers.
async fn back(redis: &Redis) {
    until(|| async { redis.ping().await.is_ok() }).await;
}

#[tokio::test]
async fn starts_without_a_server_and_finds_it_later() {
    let mut server = RedisServer::absent();
    let redis = server.client();
    let error = redis.ping().await.unwrap_err();
    assert!(matches!(error, RedisError::Broken(_)), "{error:?}");
    // Right after a failure nobody waits for another one.
    assert!(matches!(redis.ping().await, Err(RedisError::Away)));
    server.revive().await;
    back(&redis).await;
}

#[tokio::test]
async fn survives_the_death_of_the_server() {
    let mut server = RedisServer::start().await;
    let redis = server.client();
    redis.ping().await.unwrap();
    server.kill().await;
    assert!(redis.ping().await.is_err());
    assert!(redis.ping().await.is_err());
    server.revive().await;
    back(&redis).await;
}

/// A machine that vanished without closing its connections looks like this.
#[tokio::test]
async fn gives_up_on_a_server_that_falls_silent() {
    let server = RedisServer::start().await;
    let redis = server.client();
    redis.ping().await.unwrap();
    server.signal("STOP").await;
    let asked = Instant::now();
    let outcomes = join_all((0..50).map(|_| redis.ping())).await;
    assert!(outcomes.iter().all(|it| matches!(it, Err(RedisError::Broken(_)))), "{outcomes:?}");
    // The connection is replaced, which does not succeed either.
    assert!(matches!(redis.ping().await, Err(RedisError::Silent)));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    server.signal("CONT").await;
    back(&redis).await;
}

#[tokio::test]
async fn everybody_shares_one_connection_and_nothing_else_is_sent() {
    let server = RedisServer::start().await;
    let redis = server.client();
    for outcome in join_all((0..1000).map(|_| redis.ping())).await {
        outcome.unwrap();
    }
    assert_eq!(server.calls("ping").await, 1000);
    assert_eq!(server.calls("unwatch").await, 0);
    let clients: String =
        redis::cmd("CLIENT").arg("LIST").query_async(&mut server.inspect().await).await.unwrap();
    // The other one is the one that asks.
    assert_eq!(clients.lines().count(), 2, "{clients}");
}

#[tokio::test]
async fn says_when_the_server_refuses() {
    let server = RedisServer::start().await;
    let mut password = redis::cmd("CONFIG");
    password.arg(&["SET", "requirepass", "secret"]);
    password.exec_async(&mut server.inspect().await).await.unwrap();
    let error = server.client().ping().await.unwrap_err();
    assert!(matches!(error, RedisError::Refused(_)), "{error:?}");
    let url = format!("redis://:secret@127.0.0.1:{}", server.port);
    Redis::connect(&url.into()).unwrap().ping().await.unwrap();
}

/// A server that speaks no TLS is refused, not trusted.
#[tokio::test]
async fn does_not_fall_back_to_plain_text() {
    let server = RedisServer::start().await;
    let url = format!("rediss://127.0.0.1:{}", server.port);
    assert!(Redis::connect(&url.into()).unwrap().ping().await.is_err());
    assert_eq!(server.calls("ping").await, 0);
}
