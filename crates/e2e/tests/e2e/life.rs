//! The life of an order: cancel, expiry, several messages, the end.

use serde_json::json;

use crate::support::{Options, SOON, Stack, eventually, until};

/// Money comes back by itself when no SMS does, and the provider's window ends as ours does.
#[tokio::test]
async fn refunds_an_order_that_gets_no_sms() {
    let stack = Stack::start(Options::default().lifetime(3, 0)).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let (silent, lucky) = (customer.buy(&product.any()).await, customer.buy(&product.any()).await);
    let code = stack.sandbox.sms(&lucky.phone).await;
    assert_eq!(customer.balance().await, 100_000 - silent.amount - lucky.amount);
    let expired = customer.order_in(silent.id, "EXPIRED").await;
    assert_eq!((&expired["canceled_at"], &expired["otp_code"]), (&json!(null), &json!(null)));
    let completed = customer.order_in(lucky.id, "COMPLETED").await;
    assert_eq!(completed["otp_code"], code);
    assert_eq!(customer.balance().await, 100_000 - lucky.amount);
    for (order, wanted) in [(&silent, "CONFLICT"), (&lucky, "CONFLICT")] {
        customer.cancel(order.id).await.refused(409, wanted);
        customer.finish(order.id).await.refused(409, wanted);
    }
    assert_eq!(customer.balance().await, 100_000 - lucky.amount);
    stack.finish().await;
}

/// A code that only the provider knows of is fetched, by asking or at the last moment.
#[tokio::test]
async fn finds_a_code_that_no_callback_told_of() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let order = customer.buy(&product.any()).await;
    let code = stack.sandbox.silent_sms(&order.phone).await;
    let received = customer.order_with_code(order.id, &code).await;
    assert_eq!(received["sms_revision"], 1);
    assert_eq!(stack.database.one::<i64>("SELECT count(*) FROM sms_inbox").await, 0);

    // The callback comes after all and completes the text; it is the same message.
    let source = "SELECT string_agg(source, ',') FROM sms_messages";
    assert_eq!(stack.database.one::<String>(source).await, "poll");
    stack.finish().await;
}

/// The window in which nobody may cancel is kept to the second, and told.
#[tokio::test]
async fn cancels_when_the_window_allows_it_and_gives_the_money_back() {
    let stack = Stack::start(Options::default().lifetime(300, 2)).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let order = customer.buy(&product.any()).await;
    let early = customer.cancel(order.id).await;
    early.refused(409, "CANCEL_TOO_EARLY");
    let wait: u64 = early.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    let seen = eventually("the window ends", SOON, async || {
        let seen = customer.order(order.id).await;
        if seen["can_cancel"] == true { Ok(seen) } else { Err(seen) }
    })
    .await;
    assert_eq!(seen["cancel_available_at"], json!(null));
    let canceled = customer.cancel(order.id).await.data();
    assert_eq!(
        canceled,
        json!({
            "order_id": order.id, "status": "CANCELED", "refund_amount": order.amount,
            "new_balance": 100_000,
        })
    );
    customer.cancel(order.id).await.refused(409, "CONFLICT");
    assert_eq!(customer.balance().await, 100_000);
    assert_eq!(stack.sandbox.activation_of(&order.phone).await["status"], "CANCELLED");
    stack.finish().await;
}

/// A provider that does not take a number back yet: nothing is refunded that it still charges.
#[tokio::test]
async fn refunds_only_what_the_provider_takes_back() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    stack.sandbox.control("providers/alpha", json!({ "min_cancel_seconds": 60 })).await;
    let order = customer.buy(&product.exactly()).await;
    assert_eq!(customer.order(order.id).await["can_cancel"], true);
    customer.cancel(order.id).await.refused(409, "CANCEL_TOO_EARLY");
    // Nor while it cannot be asked.
    stack.sandbox.faults("alpha", json!({ "http_500": true })).await;
    customer.cancel(order.id).await.refused(422, "PROVIDER_ERROR");
    stack.sandbox.faults("alpha", json!({})).await;
    assert_eq!(customer.order(order.id).await["status"], "ACTIVE");
    assert_eq!(customer.balance().await, 100_000 - order.amount);
    stack.sandbox.control("providers/alpha", json!({ "min_cancel_seconds": 0 })).await;
    assert_eq!(customer.cancel(order.id).await.data()["new_balance"], 100_000);

    // It took the number back, but we did not hear of it: a repeat finds out.
    let order = customer.buy(&product.exactly()).await;
    let lost = json!({ "drop_after_commit": true, "remaining": 1, "actions": ["setStatus"] });
    stack.sandbox.faults("alpha", lost).await;
    customer.cancel(order.id).await.refused(422, "PROVIDER_ERROR");
    let repeated = customer.cancel(order.id).await;
    if repeated.status != 200 {
        // The poller was faster.
        repeated.refused(409, "CONFLICT");
    }
    customer.order_in(order.id, "CANCELED").await;
    assert_eq!(customer.balance().await, 100_000);
    stack.finish().await;
}

/// Several messages: each counts once, the first decides, the last shows.
#[tokio::test]
async fn takes_several_messages_for_one_order() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let order = customer.buy(&product.any()).await;
    let mut first_at = None;
    for revision in 1..=3 {
        let code = stack.sandbox.sms(&order.phone).await;
        let seen = customer.order_with_code(order.id, &code).await;
        assert_eq!(seen["sms_revision"], revision, "{seen}");
        assert!(seen["otp_message"].as_str().unwrap().contains(&code));
        let at = first_at.get_or_insert_with(|| seen["otp_received_at"].clone());
        assert_eq!(&seen["otp_received_at"], at);
        if revision < 3 {
            until("one more may be asked for", SOON, async || {
                customer.order(order.id).await["can_resend"] == true
            })
            .await;
            let resent = customer.post("/v1/orders/resend", json!({ "id": order.id })).await.data();
            let wanted = json!({ "order_id": order.id, "status": "OTP_RECEIVED", "resent": true });
            assert_eq!(resent, wanted);
        }
    }
    assert_eq!(customer.balance().await, 100_000 - order.amount, "paid once");
    let finished = customer.finish(order.id).await.data();
    assert_eq!(finished, json!({ "order_id": order.id, "status": "COMPLETED" }));
    until("the provider is told", SOON, async || {
        stack.sandbox.activation_of(&order.phone).await["status"] == "FINISHED"
    })
    .await;
    stack.finish().await;
}
