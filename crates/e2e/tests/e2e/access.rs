//! Tokens and limits: at every replica, with Redis gone.

use crate::support::{Options, SOON, Stack, until};

/// Revoking is heard by every replica at once, long before what it remembers is out of date.
#[tokio::test]
async fn a_revoked_token_is_refused_at_every_replica_at_once() {
    let stack = Stack::start(Options::default().replicas(2, 1)).await;
    let customer = stack.customer(100_000).await;
    let second = customer.at(&stack.apis[1].url);
    let mut streams = [customer.events(None).await, second.events(None).await];
    for stream in &mut streams {
        assert_eq!(stream.next().await.kind, "snapshot");
    }
    let id = customer.id.to_string();
    let listed = stack.ctl.run(&["token", "list", "--id", &id]).await;
    let token = listed[0]["id"].as_i64().unwrap().to_string();
    let rotated = stack.ctl.run(&["token", "rotate", &token]).await;
    let mut other = customer.clone();
    other.token = rotated["token"].as_str().unwrap().to_owned();
    other.get("/v1/balance").await.data();
    customer.get("/v1/balance").await.data();

    let revoked = stack.ctl.run(&["token", "revoke", &token]).await;
    assert_eq!(revoked["servers_told"], true);
    let asked = std::time::Instant::now();
    for replica in [&customer, &second] {
        let is_refused = async || replica.get("/v1/balance").await.status == 401;
        until("the revoked token is refused", SOON, is_refused).await;
    }
    for stream in &mut streams {
        stream.closed().await;
    }
    assert!(asked.elapsed().as_secs() < 8, "{:?}", asked.elapsed());
    other.get("/v1/balance").await.data();
    stack.finish().await;
}

/// The limits hold while Redis is gone, and are the whole quota again when it is back.
#[tokio::test]
async fn nobody_is_unlimited_while_redis_is_gone() {
    let options = Options::default()
        .with("limits.token_per_minute", 120)
        .with("limits.user_per_minute", 100_000);
    let stack = Stack::start(options).await;
    let customer = stack.customer(100_000).await;
    let first = customer.get("/v1/balance").await;
    assert!(first.header("ratelimit-policy").unwrap().contains("\"token\";q=120;w=60"));
    stack.redis.process.kill();
    // A quarter of twenty at once, and one every two seconds.
    let mut admitted = 0;
    for _ in 0..40 {
        let answer = customer.get("/v1/balance").await;
        if answer.status == 200 {
            admitted += 1;
        } else {
            answer.refused(429, "RATE_LIMIT_EXCEEDED");
            assert!(answer.header("retry-after").is_some());
        }
        assert!(answer.header("ratelimit-policy").is_some());
    }
    assert!((5..=20).contains(&admitted), "{admitted} of 40 admitted");
    stack.redis.process.start_again();
    stack.redis.ready().await;
    until("the whole quota counts again", SOON, async || {
        let answer = customer.get("/v1/balance").await;
        answer.header("ratelimit-policy").is_some_and(|it| it.contains("\"token\";q=120;w=60"))
    })
    .await;
    stack.finish().await;
}
