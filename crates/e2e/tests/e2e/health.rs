//! Alive is not the same as ready.

use serde_json::json;

use crate::support::{Options, SOON, Stack, until};

/// Without Postgres and Redis every server lives, says that it is not ready, and recovers alone.
#[tokio::test]
async fn lives_without_what_it_depends_on() {
    let stack = Stack::start(Options::default().gated()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let bought = customer.buy(&product.any()).await;
    let gate = stack.gate.as_ref().unwrap();
    gate.close();
    stack.redis.process.kill();
    for server in stack.servers() {
        let name = &server.process.program.name;
        until(&format!("{name} is not ready"), SOON, async || {
            server.get("/health/ready").await.is_some_and(|reply| reply.status == 503)
        })
        .await;
        let ready = server.get("/health/ready").await.unwrap();
        assert_eq!(ready.json()["checks"]["database"], "failed", "{name}: {}", ready.text);
        let health = server.get("/health").await.unwrap();
        assert_eq!((health.status, health.json()), (200, json!({ "status": "ok" })), "{name}");
        assert_eq!(server.get("/metrics").await.unwrap().status, 200, "{name}");
    }
    let refused = customer.get("/v1/balance").await;
    refused.refused(503, "SERVICE_UNAVAILABLE");
    assert!(!refused.text.to_lowercase().contains("postgres"), "{}", refused.text);
    // A callback that cannot be stored is refused, so that the provider repeats it.
    let code = stack.sandbox.sms(&bought.phone).await;
    until("the callback is refused", SOON, async || {
        let activation = stack.sandbox.activation_of(&bought.phone).await;
        activation["callbacks"].as_array().unwrap().iter().any(|it| it["status"] == 503)
    })
    .await;

    gate.open().await;
    stack.redis.process.start_again();
    stack.redis.ready().await;
    for server in stack.servers() {
        server.ready().await;
    }
    customer.order_with_code(bought.id, &code).await;
    stack.finish().await;
}

/// Redis alone may go: buying, reading and codes go on.
#[tokio::test]
async fn sells_without_redis() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let well = stack.ctl.try_run(&["doctor"]).await;
    assert_eq!(well.code, 0, "{}{}", well.stdout, well.stderr);
    stack.redis.process.kill();
    let ill = stack.ctl.try_run(&["doctor"]).await;
    assert_eq!(ill.code, 1, "{}{}", ill.stdout, ill.stderr);
    assert!(ill.stdout.contains("redis") && ill.stdout.contains("failed"), "{}", ill.stdout);
    let order = customer.buy(&product.any()).await;
    let code = stack.sandbox.sms(&order.phone).await;
    customer.order_with_code(order.id, &code).await;
    customer.finish(order.id).await.data();
    let health = stack.apis[0].get("/health").await.unwrap();
    assert_eq!(health.status, 200);
    stack.redis.process.start_again();
    stack.redis.ready().await;
    stack.finish().await;
}
