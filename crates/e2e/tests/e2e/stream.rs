//! The event stream: at any replica, through reconnects, with Redis gone.

use std::time::Duration;

use crate::support::{Options, SOON, Stack, until};

/// The code arrives at the receiver and shows at whichever replica the customer listens to.
#[tokio::test]
async fn shows_a_code_at_every_replica() {
    let stack = Stack::start(Options::default().replicas(2, 1)).await;
    let (customer, other) = tokio::join!(stack.customer(100_000), stack.customer(100_000));
    let product = customer.cheapest("wa", "ID").await;
    let second = customer.at(&stack.apis[1].url);
    let mut streams = [customer.events(None).await, second.events(None).await];
    let mut foreign = other.events(None).await;
    for stream in &mut streams {
        assert_eq!(stream.next().await.kind, "snapshot");
    }
    assert_eq!(foreign.next().await.kind, "snapshot");

    let order = customer.buy(&product.any()).await;
    let code = stack.sandbox.sms(&order.phone).await;
    for stream in &mut streams {
        stream.about("order.active", order.id).await;
        let received = stream.about("order.otp_received", order.id).await;
        assert_eq!(received.data["data"]["otp_code"], code);
        assert_eq!(received.data["data"]["sms_revision"], 1);
        assert_eq!(received.data["event"], "order.otp_received");
    }
    second.finish(order.id).await.data();
    for stream in &mut streams {
        stream.about("order.completed", order.id).await;
        assert_eq!(stream.next_within(Duration::from_millis(300)).await, None, "told twice");
    }
    assert_eq!(foreign.next_within(Duration::from_millis(300)).await, None, "told a stranger");
    drop((streams, foreign));
    stack.finish().await;
}

/// I-9: what happened while nobody listened is told on resuming, once and in order.
#[tokio::test]
async fn resumes_without_losing_or_repeating() {
    let stack = Stack::start(Options::default().replicas(2, 1)).await;
    let customer = stack.customer(500_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let second = customer.at(&stack.apis[1].url);
    let mut stream = customer.events(None).await;
    let first = customer.buy(&product.any()).await;
    let seen = stream.about("order.active", first.id).await;
    drop(stream);

    // Nobody listens, and the replica that was listened to dies.
    stack.apis[0].process.kill();
    let code = stack.sandbox.sms(&first.phone).await;
    second.order_with_code(first.id, &code).await;
    let later = second.buy(&product.any()).await;
    second.finish(first.id).await.data();

    let mut resumed = second.events(Some(&seen.id)).await;
    let mut expected = vec![
        ("order.otp_received", first.id),
        ("order.active", later.id),
        ("order.completed", first.id),
    ];
    let told = resumed.collect(3).await;
    let kinds: Vec<_> = told
        .iter()
        .map(|event| (event.kind.as_str(), event.data["data"]["id"].as_i64().unwrap()))
        .collect();
    assert_eq!(kinds, expected);
    let mut ids: Vec<i64> = told.iter().map(|event| event.id.parse().unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");

    // Resuming again in the middle brings the rest, at the replica that came back as well.
    stack.apis[0].start_again().await;
    let mut again = customer.events(Some(&told[0].id)).await;
    let rest: Vec<i64> =
        again.collect(2).await.iter().map(|event| event.id.parse().unwrap()).collect();
    assert_eq!(rest, ids.split_off(1));
    expected.clear();
    assert_eq!(again.next_within(Duration::from_millis(300)).await, None, "told twice");
    drop((resumed, again));
    stack.finish().await;
}

/// I-9: Redis carries the news, Postgres keeps them.
#[tokio::test]
async fn loses_no_event_when_redis_dies() {
    let stack = Stack::start(Options::default().replicas(2, 1)).await;
    let customer = stack.customer(500_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let mut stream = customer.events(None).await;
    assert_eq!(stream.next().await.kind, "snapshot");
    let before = customer.buy(&product.any()).await;
    stream.about("order.active", before.id).await;

    stack.redis.process.kill();
    let code = stack.sandbox.sms(&before.phone).await;
    let during = customer.at(&stack.apis[1].url).buy(&product.any()).await;
    customer.order_with_code(before.id, &code).await;
    let mut told: Vec<_> = stream.collect(2).await;
    told.sort_by_key(|event| event.data["data"]["id"].as_i64());
    let told: Vec<_> = told
        .iter()
        .map(|event| (event.kind.as_str(), event.data["data"]["id"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [("order.otp_received", before.id), ("order.active", during.id)]);

    stack.redis.process.start_again();
    stack.redis.ready().await;
    for server in stack.servers() {
        server.ready().await;
    }
    stack.redis.flush().await;
    let after = customer.buy(&product.any()).await;
    stream.about("order.active", after.id).await;
    let code = stack.sandbox.sms(&after.phone).await;
    let received = stream.about("order.otp_received", after.id).await;
    assert_eq!(received.data["data"]["otp_code"], code);
    assert_eq!(stream.next_within(Duration::from_millis(300)).await, None, "told twice");
    drop(stream);
    stack.finish().await;
}

/// A customer may open a stream on every device, not without end.
#[tokio::test]
async fn limits_streams_and_frees_them() {
    let stack = Stack::start(Options::default().with("streams.most_per_user", 2)).await;
    let customer = stack.customer(0).await;
    let streams = [customer.events(None).await, customer.events(None).await];
    let refused = customer.get("/v1/orders/stream").await;
    refused.refused(429, "RATE_LIMIT_EXCEEDED");
    assert!(refused.header("retry-after").is_some());
    drop(streams);
    let mut last = None;
    until("a place is free again", SOON, async || {
        let opened = stack.http.get(format!("{}/v1/orders/stream", customer.url));
        let opened = opened.bearer_auth(&customer.token).send().await.unwrap();
        let is_open = opened.status() == 200;
        last = Some(opened);
        is_open
    })
    .await;
    drop(last);
    stack.finish().await;
}
