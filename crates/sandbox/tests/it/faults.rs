use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::Sandbox;

const BUY: &str = "getNumber&service=wa&country=6";

#[tokio::test]
async fn charges_for_a_sale_whose_answer_is_cut_off() {
    let sandbox = Sandbox::start().await;
    sandbox.faults(json!({ "drop_after_commit": true, "remaining": 1 })).await;
    let error = sandbox.request(BUY).send().await.unwrap_err();
    assert!(error.is_request(), "{error:?}");
    let alpha = sandbox.alpha().await;
    assert_eq!(alpha["activations"].as_array().unwrap().len(), 1);
    assert_eq!(alpha["charged_usd"], alpha["activations"][0]["cost_usd"]);
    assert_eq!(alpha["faults"]["remaining"], 0);
    assert!(sandbox.ask(BUY).await.starts_with("ACCESS_NUMBER:"));
}

#[tokio::test]
async fn charges_for_a_sale_that_is_never_answered() {
    let sandbox = Sandbox::start().await;
    sandbox.faults(json!({ "timeout_after_commit": true })).await;
    let mut pending = buying(&sandbox);
    let alpha = until(&sandbox, |alpha| activations(alpha) == 1).await;
    assert_eq!(alpha["charged_usd"], alpha["activations"][0]["cost_usd"]);
    assert!(sandbox.ask("getBalance").await.starts_with("ACCESS_BALANCE:"));
    assert!(pending.try_join_next().is_none());
}

#[tokio::test]
async fn sells_before_a_slow_answer() {
    let sandbox = Sandbox::start().await;
    sandbox.faults(json!({ "latency_after_commit_ms": 300_000 })).await;
    let mut pending = buying(&sandbox);
    until(&sandbox, |alpha| activations(alpha) == 1).await;
    assert!(pending.try_join_next().is_none());
}

#[tokio::test]
async fn sells_after_a_slow_start_though_the_caller_has_left() {
    let sandbox = Sandbox::start().await;
    sandbox.faults(json!({ "latency_ms": 300 })).await;
    let pending = buying(&sandbox);
    until(&sandbox, |alpha| alpha["calls"]["getNumber"] == 1).await;
    drop(pending);
    until(&sandbox, |alpha| activations(alpha) == 1).await;
}

/// A purchase under way; it is given up with the value.
fn buying(sandbox: &Sandbox) -> JoinSet<()> {
    let request = sandbox.request(BUY);
    let mut pending = JoinSet::new();
    pending.spawn(async move {
        request.send().await.unwrap();
    });
    pending
}

async fn until(sandbox: &Sandbox, holds: impl Fn(&Value) -> bool) -> Value {
    loop {
        let alpha = sandbox.alpha().await;
        if holds(&alpha) {
            return alpha;
        }
    }
}

fn activations(alpha: &Value) -> usize {
    alpha["activations"].as_array().unwrap().len()
}

#[tokio::test]
async fn answers_with_broken_bodies_without_selling() {
    let sandbox = Sandbox::start().await;
    for (fault, status, start) in [
        ("http_500", 500, b"Internal".as_slice()),
        ("html_body", 200, b"<!DOCTYPE html>"),
        ("empty_body", 200, b""),
        ("garbage_body", 200, b"{\"\xff\xfe"),
    ] {
        sandbox.faults(json!({ fault: true })).await;
        let reply = sandbox.request(BUY).send().await.unwrap();
        assert_eq!(reply.status(), status);
        let body = reply.bytes().await.unwrap();
        assert!(body.starts_with(start) && body.is_empty() == start.is_empty(), "{fault}");
    }
    assert_eq!(sandbox.alpha().await["charged_usd"], 0.0);
    sandbox.faults(json!({ "http_500": true, "after_commit": true })).await;
    assert_eq!(sandbox.request(BUY).send().await.unwrap().status(), 500);
    assert_eq!(sandbox.alpha().await["activations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn refuses_and_overcharges_on_demand() {
    let sandbox = Sandbox::start().await;
    sandbox.faults(json!({ "no_numbers": true, "actions": ["getNumber"], "remaining": 2 })).await;
    assert!(sandbox.ask("getNumberV2&service=wa").await.starts_with('{'));
    assert_eq!(sandbox.ask(BUY).await, "NO_NUMBERS");
    assert_eq!(sandbox.ask(BUY).await, "NO_NUMBERS");
    assert!(sandbox.ask(BUY).await.starts_with("ACCESS_NUMBER:"));
    sandbox.faults(json!({ "no_balance": true })).await;
    assert_eq!(sandbox.ask(BUY).await, "NO_BALANCE");
    sandbox.faults(json!({ "wrong_price": 0.125 })).await;
    assert_eq!(sandbox.ask(BUY).await, "WRONG_MAX_PRICE:0.125");
    sandbox.faults(json!({})).await;
    let fair = sandbox.buy().await;
    sandbox.faults(json!({ "price_multiplier": 2.5 })).await;
    let dear = sandbox.buy().await;
    let alpha = sandbox.alpha().await;
    let cost = |id: u64| {
        let all = alpha["activations"].as_array().unwrap();
        all.iter().find(|it| it["id"] == id).unwrap()["cost_usd"].as_f64().unwrap()
    };
    assert!((cost(dear) - cost(fair) * 2.5).abs() < 1e-9);
}

#[tokio::test]
async fn rejects_fault_plans_it_does_not_understand() {
    let sandbox = Sandbox::start().await;
    for plan in
        [json!({ "no_number": true }), json!({ "actions": ["buy"] }), json!({ "remaining": -1 })]
    {
        let (status, answer) = sandbox.try_control("providers/alpha/faults", plan).await;
        assert_eq!(status, 400);
        assert!(answer["error"].is_string());
    }
}
