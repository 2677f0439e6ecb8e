//! I-13: the tasks are right with their lock, without it, and twice at once.

use serde_json::json;

use crate::support::{Customer, Options, Product, SOON, Stack, eventually, until};

#[tokio::test]
async fn does_everything_once_with_two_workers_and_no_redis() {
    let stack = Stack::start(Options::default().replicas(1, 2).lifetime(6, 0)).await;
    let customer = stack.customer(1_000_000).await;
    let product = customer.cheapest("wa", "ID").await;
    stack.redis.process.kill();
    let unguarded = async || {
        let mut both = true;
        for worker in &stack.workers {
            let runs = worker.find_metric("task_unguarded_runs_total", &[("task", "expire")]).await;
            both &= runs.is_some_and(|runs| runs > 0.0);
        }
        both
    };
    until("both run without a lock", SOON, unguarded).await;
    everything(&stack, &customer, &product).await;
    stack.redis.process.start_again();
    stack.redis.ready().await;
    stack.finish().await;
}

#[tokio::test]
async fn takes_over_when_the_leader_dies_or_hangs() {
    let stack = Stack::start(Options::default().replicas(1, 2).lifetime(8, 0)).await;
    let customer = stack.customer(1_000_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let leads = async |number: usize| {
        let leads = stack.workers[number].find_metric("task_leader", &[("task", "expire")]).await;
        leads == Some(1.0)
    };
    until("one of them leads", SOON, async || leads(0).await != leads(1).await).await;
    let (leader, other) = if leads(0).await { (0, 1) } else { (1, 0) };
    stack.workers[leader].process.kill();
    until("the other one leads", SOON, async || leads(other).await).await;
    everything(&stack, &customer, &product).await;

    // A worker that hangs and wakes up believes that it still leads.
    stack.workers[leader].start_again().await;
    stack.workers[other].process.signal("STOP");
    until("the first one leads again", SOON, async || leads(leader).await).await;
    let order = customer.buy(&product.any()).await;
    customer.order_in(order.id, "EXPIRED").await;
    stack.workers[other].process.signal("CONT");
    until("one of them leads", SOON, async || leads(0).await != leads(1).await).await;
    stack.finish().await;
}

/// One order for each task: polled, closed, expired, settled, and one that is told of at once.
async fn everything(stack: &Stack, customer: &Customer, product: &Product) {
    let balance = customer.balance().await;
    let polled = customer.buy(&product.any()).await;
    let code = stack.sandbox.silent_sms(&polled.phone).await;
    customer.order_with_code(polled.id, &code).await;

    let called = customer.buy(&product.any()).await;
    let code = stack.sandbox.sms(&called.phone).await;
    customer.order_with_code(called.id, &code).await;
    customer.finish(called.id).await.data();
    until("the provider is told of the end", SOON, async || {
        stack.sandbox.activation_of(&called.phone).await["status"] == "FINISHED"
    })
    .await;

    let expired = customer.buy(&product.any()).await;
    let lost = json!({
        "drop_after_commit": true, "remaining": 1, "actions": ["getNumber", "getNumberV2"],
    });
    stack.sandbox.faults("alpha", lost).await;
    let before = customer.orders().await.len();
    customer.create(None, &product.any()).await.refused(503, "SERVICE_UNAVAILABLE");
    let settled = eventually("the lost purchase is settled", SOON, async || {
        let orders = customer.orders().await;
        if orders.len() > before { Ok(orders[0].clone()) } else { Err("it is not") }
    })
    .await;
    for id in [expired.id, settled["id"].as_i64().unwrap()] {
        customer.order_in(id, "EXPIRED").await;
    }
    assert_eq!(customer.balance().await, balance - polled.amount - called.amount);
    let events = "SELECT count(*) FROM events WHERE order_id = $1";
    for (id, times) in [(expired.id, 2), (called.id, 3)] {
        let stored = stack.database.all::<i64>(events, id).await;
        assert_eq!(stored, [times], "events of order {id}");
    }
}
