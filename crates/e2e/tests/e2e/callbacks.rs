//! Providers' callbacks: repeated, early, late, forged.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Bought, Customer, Options, SOON, Stack, eventually, until};

/// Nobody polls: what arrives arrives by callback.
fn callbacks_only() -> Options {
    Options::default().with("tasks.poll_order_ms", 60_000)
}

/// I-6: ten times the same is one message, one event, one payment.
#[tokio::test]
async fn takes_the_same_callback_ten_times_and_the_message_once() {
    let stack = Stack::start(callbacks_only()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    stack.sandbox.faults("alpha", json!({ "callback_duplicates": 9 })).await;
    let order = customer.buy(&product.exactly()).await;
    let code = stack.sandbox.sms(&order.phone).await;
    let statuses = eventually("all ten are delivered", SOON, async || {
        let activation = stack.sandbox.activation_of(&order.phone).await;
        let callbacks = activation["callbacks"].as_array().unwrap().clone();
        if callbacks.len() == 10 { Ok(callbacks) } else { Err(activation) }
    })
    .await;
    assert!(statuses.iter().all(|it| it["status"] == 200), "{statuses:?}");
    let stored = customer.order_with_code(order.id, &code).await;
    assert_eq!(stored["sms_revision"], 1);
    assert_eq!(stack.database.one::<i64>("SELECT count(*) FROM sms_inbox").await, 1);
    assert_eq!(stack.database.one::<i64>("SELECT count(*) FROM sms_messages").await, 1);
    assert_eq!(customer.balance().await, 100_000 - order.amount);
    stack.finish().await;
}

/// I-5, I-7: an SMS, a cancel and the end of the window race for each order; one of them wins.
#[tokio::test]
async fn ends_each_order_in_one_way_when_everything_happens_at_once() {
    let stack = Stack::start(Options::default().lifetime(4, 0).losing_last_codes()).await;
    let customer = stack.customer(1_000_000).await;
    let product = customer.cheapest("wa", "ID").await;
    stack.sandbox.faults("alpha", json!({ "callback_duplicates": 3 })).await;
    let body = json!({ "product_id": product.id, "quantity": 30 });
    let orders = customer.create(None, &body).await.data()["orders"].take();
    let orders: Vec<Bought> = orders.as_array().unwrap().iter().map(Bought::of).collect();
    let (contested, expiring) = orders.split_at(20);

    let cancels = async {
        for order in contested {
            let (delivered, canceled) =
                tokio::join!(stack.sandbox.try_sms(&order.phone), customer.cancel(order.id));
            if canceled.status == 200 {
                assert_eq!(canceled.data()["status"], "CANCELED");
            } else {
                canceled.refused(409, "CONFLICT");
                assert!(delivered, "neither delivered nor canceled");
            }
        }
    };
    let expiries = async {
        // Spread over the end of the window, some before and some after it.
        let ends = orders[0].body["expires_at"].as_str().unwrap();
        for (n, order) in (0_i32..).zip(expiring) {
            let sql = "SELECT extract(epoch FROM ($1::text)::timestamptz - now())::float8";
            let left: f64 =
                sqlx::query_scalar(sql).bind(ends).fetch_one(stack.database.pool()).await.unwrap();
            let wait = left - 0.3 + 0.06 * f64::from(n);
            tokio::time::sleep(Duration::from_secs_f64(wait.max(0.0))).await;
            stack.sandbox.try_sms(&order.phone).await;
        }
    };
    tokio::join!(cancels, expiries);
    for order in &orders {
        let ended = eventually("the order ends", SOON, async || {
            let order = customer.order(order.id).await;
            let status = order["status"].as_str().unwrap();
            let is_over = ["COMPLETED", "CANCELED", "EXPIRED"].contains(&status);
            if is_over { Ok(order) } else { Err(order) }
        })
        .await;
        let delivered = ended["sms_revision"] == 1;
        assert_eq!(delivered, ended["status"] == "COMPLETED", "{ended}");
    }
    stack.finish().await;
}

/// I-6: the code is there before the purchase is stored.
#[tokio::test]
async fn keeps_a_callback_that_comes_before_its_order_has_a_number() {
    let stack = Stack::start(callbacks_only()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let slow = json!({ "latency_after_commit_ms": 1500, "remaining": 1 });
    stack.sandbox.faults("alpha", slow).await;
    let body = product.exactly();
    let early = async {
        let phone = eventually("it is sold", SOON, async || {
            let sold = stack.sandbox.activations("alpha").await;
            sold.first().map(|it| it["phone"].as_str().unwrap().to_owned()).ok_or("not yet")
        })
        .await;
        let code = stack.sandbox.sms(&phone).await;
        until("the callback is stored", SOON, async || {
            stack.database.one::<i64>("SELECT count(*) FROM sms_inbox").await == 1
        })
        .await;
        let waiting = "SELECT count(*) FROM orders WHERE state = 'RESERVING'";
        assert_eq!(stack.database.one::<i64>(waiting).await, 1, "it was not early");
        code
    };
    let (order, code) = tokio::join!(customer.buy(&body), early);
    let received = customer.order_with_code(order.id, &code).await;
    assert_eq!(
        (&received["status"], &received["sms_revision"]),
        (&json!("OTP_RECEIVED"), &json!(1))
    );
    let state = "SELECT string_agg(state, ',') FROM sms_inbox";
    assert_eq!(stack.database.one::<String>(state).await, "APPLIED");
    stack.finish().await;
}

/// I-10: somebody knows the path and tells of an SMS that the provider does not have.
#[tokio::test]
async fn believes_no_callback_that_the_provider_contradicts() {
    let stack = Stack::start(callbacks_only()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let order = customer.buy(&product.exactly()).await;
    raw_callback(&stack, &order, 5).await;
    until("it was looked into", SOON, async || {
        let tried = "SELECT coalesce(max(attempt), 0) FROM tasks WHERE last_error IS NOT NULL";
        stack.database.one::<i32>(tried).await > 0
    })
    .await;
    let untouched = customer.order(order.id).await;
    assert_eq!((&untouched["status"], &untouched["sms_revision"]), (&json!("ACTIVE"), &json!(0)));
    let canceled = customer.cancel(order.id).await.data();
    assert_eq!(canceled["new_balance"], 100_000);
    late_is_late(&stack, &customer, &order).await;
    stack.finish().await;
}

/// What comes for an order that is over changes nothing.
async fn late_is_late(stack: &Stack, customer: &Customer, order: &Bought) {
    raw_callback(stack, order, 1).await;
    until("late callbacks are set aside", SOON, async || {
        let pending = "SELECT count(*) FROM sms_inbox WHERE state <> 'LATE'";
        stack.database.one::<i64>(pending).await == 0
    })
    .await;
    let order = customer.order(order.id).await;
    assert_eq!((&order["status"], &order["sms_revision"]), (&json!("CANCELED"), &json!(0)));
    assert_eq!(customer.balance().await, 100_000);
}

/// Posts a callback to the right path that the provider knows nothing of.
async fn raw_callback(stack: &Stack, order: &Bought, times: u32) {
    let activation = stack.sandbox.activation_of(&order.phone).await;
    let body = json!({
        "activationId": activation["id"], "service": "wa", "text": "Your code is 98765432",
        "code": "98765432", "country": 6, "receivedAt": format!("2026-11-20 10:00:{times:02}"),
    });
    let raw = json!({ "provider": "alpha", "body": body, "times": times });
    let sent = stack.sandbox.control("callbacks/raw", raw).await;
    let deliveries = sent["deliveries"].as_array().unwrap();
    assert_eq!(deliveries.len(), usize::try_from(times).unwrap());
    assert!(deliveries.iter().all(|it| it["status"] == 200), "{sent}");
}

/// I-11: strangers learn nothing, and what cannot be read is not stored.
#[tokio::test]
async fn turns_strangers_and_nonsense_away() {
    let stack = Stack::start(callbacks_only()).await;
    let callback =
        json!({ "activationId": 1, "text": "Your code is 98765432", "code": "98765432" });
    let post = async |path: &str, body: String| -> (u16, Value) {
        let url = format!("{}{path}", stack.ingest.url);
        let sent = stack.http.post(url).body(body).send().await.unwrap();
        (sent.status().as_u16(), sent.json().await.unwrap_or_default())
    };
    let (status, body) = post("/sms/0123456789abcdef0123456789abcdef", callback.to_string()).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("NOT_FOUND")));
    let state = stack.sandbox.state().await;
    let url = state["providers"]["alpha"]["callback_url"].as_str().unwrap();
    let path = url.strip_prefix(&stack.ingest.url).unwrap();
    for nonsense in ["", "{", "[]", "{\"text\":\"no activation\"}"] {
        let (status, body) = post(path, nonsense.to_owned()).await;
        assert!(status == 400 || status == 422, "{nonsense:?}: {status} {body}");
    }
    let (status, _) = post(path, "x".repeat(100_000)).await;
    assert_eq!(status, 413);
    assert_eq!(stack.database.one::<i64>("SELECT count(*) FROM sms_inbox").await, 0);
    // Who reads the database learns neither how to call us nor how to call the provider.
    let kept = "SELECT string_agg(p::text || encode(api_key_sealed, 'escape')
        || encode(callback_secret_sealed, 'escape'), '') FROM providers p";
    let kept = stack.database.one::<String>(kept).await;
    assert!(kept.contains(&stack.sandbox.url), "{kept}");
    stack.secrets.assert_unseen("the database", &kept);
    // One for an activation that nobody has may belong to a purchase still under way.
    let (status, _) = post(path, callback.to_string()).await;
    assert_eq!(status, 200);
    stack.finish().await;
}
