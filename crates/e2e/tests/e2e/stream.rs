//! Real time, by streams and by waiting requests: at any replica, through reconnects, with Redis
//! gone.

use std::time::{Duration, Instant};

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

/// The same for clients without streams: at both replicas the request is answered by the code.
#[tokio::test]
async fn answers_waiting_requests_at_every_replica() {
    let stack = Stack::start(Options::default().replicas(2, 1)).await;
    let (customer, other) = tokio::join!(stack.customer(100_000), stack.customer(100_000));
    let product = customer.cheapest("wa", "ID").await;
    let order = customer.buy(&product.any()).await;
    let second = customer.at(&stack.apis[1].url);
    let wait = format!("/v1/orders/{}?wait=30", order.id);
    let both_wait = async {
        for url in [&customer.url, &second.url] {
            until("a request waits", SOON, async || waiting(&stack, url).await == 1).await;
        }
        stack.sandbox.sms(&order.phone).await
    };
    let started = Instant::now();
    let (first, second_answer, code) =
        tokio::join!(customer.get(&wait), second.get(&wait), both_wait);
    for answer in [first.data(), second_answer.data()] {
        assert_eq!(answer["otp_code"], code);
        assert_eq!(answer["status"], "OTP_RECEIVED");
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());

    // What came between two requests is not waited for, nor is what cannot come any more.
    let started = Instant::now();
    let known = format!("{wait}&after_revision=0");
    assert_eq!(second.get(&known).await.data()["otp_code"], code);
    customer.finish(order.id).await.data();
    assert_eq!(second.get(&wait).await.data()["status"], "COMPLETED");
    other.get(&wait).await.refused(404, "NOT_FOUND");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());

    // A replica that is told to stop answers at once.
    let running = customer.buy(&product.any()).await;
    let wait = format!("/v1/orders/{}?wait=30", running.id);
    let stopped = async {
        until("a request waits", SOON, async || waiting(&stack, &second.url).await == 1).await;
        stack.apis[1].process.signal("TERM");
    };
    let (answer, ()) = tokio::join!(second.get(&wait), stopped);
    assert_eq!(answer.data()["status"], "ACTIVE");
    stack.apis[1].process.exit_code(SOON).await;
    stack.apis[1].start_again().await;
    stack.finish().await;
}

/// How many requests wait for orders at a replica, as it says itself.
async fn waiting(stack: &Stack, url: &str) -> u64 {
    let metrics = stack.http.get(format!("{url}/metrics")).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let line = metrics.lines().find(|line| line.starts_with("order_waits "));
    line.and_then(|line| line.rsplit(' ').next()).and_then(|it| it.parse().ok()).unwrap_or(0)
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
    let second = customer.at(&stack.apis[1].url);
    let mut streams = [customer.events(None).await, second.events(None).await];
    let before = customer.buy(&product.any()).await;
    for stream in &mut streams {
        stream.about("order.active", before.id).await;
    }

    stack.redis.process.kill();
    let wait = format!("/v1/orders/{}?wait=30&after_revision=0", before.id);
    let (first, other, code) =
        tokio::join!(customer.get(&wait), second.get(&wait), stack.sandbox.sms(&before.phone));
    assert_eq!(first.data()["otp_code"], code);
    assert_eq!(other.data()["otp_code"], code);
    let during = second.buy(&product.any()).await;
    for stream in &mut streams {
        let mut told: Vec<_> = stream.collect(2).await;
        told.sort_by_key(|event| event.data["data"]["id"].as_i64());
        let told: Vec<_> = told
            .iter()
            .map(|event| (event.kind.as_str(), event.data["data"]["id"].as_i64().unwrap()))
            .collect();
        assert_eq!(told, [("order.otp_received", before.id), ("order.active", during.id)]);
    }

    stack.redis.process.start_again();
    stack.redis.ready().await;
    for server in stack.servers() {
        server.ready().await;
    }
    stack.redis.flush().await;
    let after = customer.buy(&product.any()).await;
    let code = stack.sandbox.sms(&after.phone).await;
    for stream in &mut streams {
        let told = stream.collect(2).await;
        let kinds: Vec<_> = told.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["order.active", "order.otp_received"], "lost, or told twice");
        assert_eq!(told[1].data["data"]["otp_code"], code);
        assert_eq!(told[1].data["data"]["id"], after.id);
    }
    for stream in &mut streams {
        assert_eq!(stream.next_within(Duration::from_millis(300)).await, None, "told twice");
    }
    drop(streams);
    stack.finish().await;
}

/// A stream ends soon after its token is revoked, at whichever replica it is.
#[tokio::test]
async fn ends_streams_of_a_revoked_token_at_every_replica() {
    let stack = Stack::start(Options::default().replicas(2, 1)).await;
    let customer = stack.customer(0).await;
    let second = customer.at(&stack.apis[1].url);
    let mut streams = [customer.events(None).await, second.events(None).await];
    for stream in &mut streams {
        assert_eq!(stream.next().await.kind, "snapshot");
    }
    sqlx::query("UPDATE api_tokens SET revoked_at = now() WHERE user_id = $1")
        .bind(customer.id)
        .execute(stack.database.pool())
        .await
        .unwrap();
    for stream in &mut streams {
        stream.closed().await;
    }
    drop(streams);
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
