//! Ending on purpose: nobody is cut off, and nothing is left undone.

use std::time::Duration;

use serde_json::json;

use crate::support::{Options, SOON, Stack, eventually, until};

/// The first signal: what was asked is answered, streams end, the exit is clean.
#[tokio::test]
async fn answers_what_it_was_asked_before_it_ends() {
    let stack = Stack::start(Options::default()).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let mut stream = customer.events(None).await;
    assert_eq!(stream.next().await.kind, "snapshot");
    let slow = json!({ "latency_after_commit_ms": 1500, "remaining": 1 });
    stack.sandbox.faults("alpha", slow).await;
    let body = product.exactly();
    let request = customer.create(Some("last-words"), &body);
    let ending = async {
        until("the provider is asked", SOON, async || {
            !stack.sandbox.activations("alpha").await.is_empty()
        })
        .await;
        stack.apis[0].process.signal("TERM");
        stack.apis[0].process.exit_code(SOON).await
    };
    let (reply, code) = tokio::join!(request, ending);
    assert_eq!(code, 0, "{}", stack.apis[0].process.log_tail(20));
    let order = reply.data()["orders"][0].clone();
    assert_eq!(order["status"], "ACTIVE");
    stream.closed().await;
    stack.apis[0].start_again().await;
    assert_eq!(customer.balance().await, 100_000 - product.price);
    stack.finish().await;
}

/// The second signal: at once. What was begun is settled by those who remain.
#[tokio::test]
async fn ends_at_once_when_told_twice() {
    let patient = Options::default()
        .with("providers.timeout_ms", 5000)
        .with("tasks.settle_patience_seconds", 7);
    let stack = Stack::start(patient).await;
    let customer = stack.customer(100_000).await;
    let product = customer.cheapest("wa", "ID").await;
    let slow = json!({ "latency_after_commit_ms": 4500, "remaining": 1 });
    stack.sandbox.faults("alpha", slow).await;
    let body = product.exactly();
    let request = customer.try_post("/v1/orders/create", Some("impatient"), &body);
    let ending = async {
        until("the provider is asked", SOON, async || {
            !stack.sandbox.activations("alpha").await.is_empty()
        })
        .await;
        let process = &stack.apis[0].process;
        process.signal("TERM");
        until("it has stopped accepting", SOON, async || {
            stack.apis[0].get("/health/ready").await.is_none_or(|reply| reply.status == 503)
        })
        .await;
        assert!(process.is_running(), "it did not wait for the purchase");
        process.signal("TERM");
        process.exit_code(Duration::from_secs(3)).await
    };
    let (answer, code) = tokio::join!(request, ending);
    assert_ne!(code, 0, "an aborted end is no clean one");
    assert!(answer.is_err_and(|error| !error.is_timeout()), "answered although it was cut off");
    stack.apis[0].start_again().await;
    let order = eventually("the purchase is settled", SOON, async || {
        let reply = customer.create(Some("impatient"), &body).await;
        if reply.status == 200 { Ok(reply.data()["orders"][0].take()) } else { Err(reply.text) }
    })
    .await;
    let sold = stack.sandbox.activations("alpha").await;
    assert_eq!(sold.len(), 1);
    assert_eq!(sold[0]["phone"], order["phone_number"].as_str().unwrap().trim_start_matches('+'));
    stack.finish().await;
}
