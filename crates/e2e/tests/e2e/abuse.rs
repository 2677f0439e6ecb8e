//! What is left unused has an end, at every replica.

use serde_json::json;

use crate::support::{Options, SOON, Stack, until};

/// Cancels that count, a ban that every replica knows and an operator lifts, a cap on what waits,
/// and an account that is closed at once.
#[tokio::test]
async fn customers_who_leave_too_much_unused_are_stopped_everywhere() {
    let options = Options::default()
        .replicas(2, 1)
        .with("abuse.unfinished_orders", 3)
        .with("abuse.cancels_per_day", 3)
        .with("abuse.soft_orders", 3)
        .with("abuse.soft_percent", 100);
    let stack = Stack::start(options).await;
    let customer = stack.customer(1_000_000).await;
    let second = customer.at(&stack.apis[1].url);
    let anything = customer.cheapest("wa", "ID").await.any();
    let id = customer.id.to_string();

    let many = json!({ "catalog_product_id": anything["catalog_product_id"], "quantity": 5 });
    let bought = customer.create(None, &many).await.data();
    assert_eq!(
        (bought["orders"].as_array().unwrap().len(), &bought["failed_count"]),
        (3, &json!(2))
    );
    let refused = second.create(None, &anything).await;
    assert_eq!(refused.header("retry-after"), Some("10"));
    refused.refused(429, "RATE_LIMIT_EXCEEDED");

    for order in bought["orders"].as_array().unwrap() {
        customer.cancel(order["id"].as_i64().unwrap()).await.data();
    }
    let banned = second.create(None, &anything).await;
    assert!(banned.header("retry-after").is_some());
    banned.refused(429, "TEMP_BANNED_ABUSE_GUARD");
    assert_eq!(banned.json()["error"]["details"]["tier"], "SOFT");
    let shown = stack.ctl.run(&["customer", "show", "--email", &customer.email]).await;
    assert_eq!(shown["ban"]["tier"], "SOFT");

    let word = ["--reason", "a test", "--operator", "somebody"];
    let unban = ["customer", "unban", "--id", &id];
    stack.ctl.run(&[&unban[..], &word].concat()).await;
    let order = second.buy(&anything).await;
    second.cancel(order.id).await.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(second.order(order.id).await["status"], "ACTIVE");

    let mut stream = second.events(None).await;
    assert_eq!(stream.next().await.kind, "snapshot");
    let suspend = ["customer", "suspend", "--id", &id];
    let suspended = stack.ctl.run(&[&suspend[..], &word].concat()).await;
    assert_eq!(suspended["servers_told"], true);
    for replica in [&customer, &second] {
        let is_refused = async || replica.get("/v1/balance").await.status == 403;
        until("the suspended customer is refused", SOON, is_refused).await;
    }
    stream.closed().await;
    let resume = ["customer", "resume", "--id", &id];
    stack.ctl.run(&[&resume[..], &word].concat()).await;
    let is_open = async || second.get("/v1/balance").await.status == 200;
    until("the account is open again", SOON, is_open).await;
    let audit = "SELECT count(*) FROM customer_audit WHERE operator IN ('somebody', 'abuse guard')";
    assert_eq!(stack.database.one::<i64>(audit).await, 4);
    stack.finish().await;
}
