use reqwest::Method;
use serde_json::json;

use super::{SESSION, answer, create, session};
use crate::support::Sandbox;

#[tokio::test]
async fn creates_and_shows_a_session() {
    let sandbox = Sandbox::start().await;
    let (status, created) = answer(create(&sandbox)).await;
    assert_eq!(status, 200);
    let id = created["id"].as_str().unwrap();
    assert!(id.starts_with("cs_test_"));
    for (field, value) in [
        ("object", json!("checkout.session")),
        ("status", json!("open")),
        ("payment_status", json!("unpaid")),
        ("amount_total", json!(2_000_000)),
        ("currency", json!("idr")),
        ("payment_intent", json!(null)),
        ("client_reference_id", json!("top_01")),
        ("metadata", json!({ "topup_id": "top_01" })),
        ("livemode", json!(false)),
        ("url", json!(format!("{}/checkout/{id}", sandbox.base))),
    ] {
        assert_eq!(created[field], value, "{field}");
    }
    let life = created["expires_at"].as_i64().unwrap() - created["created"].as_i64().unwrap();
    assert_eq!(life, 24 * 3600);
    let path = format!("{}/stripe/v1/checkout/sessions/{id}", sandbox.base);
    let under_prefix = sandbox.http.get(path).basic_auth("sk_test_sandbox", Some(""));
    assert_eq!(answer(under_prefix).await, (200, created));
}

#[tokio::test]
async fn accepts_escaped_brackets() {
    let sandbox = Sandbox::start().await;
    let body = "mode=payment&success_url=x&line_items[0][quantity]=1\
        &line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=usd\
        &line_items[0][price_data][unit_amount]=500\
        &line_items%5b0%5d[price_data][product_data][name]=T";
    let request = sandbox
        .stripe(Method::POST, "checkout/sessions")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    assert_eq!(answer(request).await.1["amount_total"], 500);
}

#[tokio::test]
async fn refuses_what_the_documentation_does_not_describe() {
    let sandbox = Sandbox::start().await;
    for (name, value, code, param) in [
        ("colour", "red", json!("parameter_unknown"), "colour"),
        ("line_items[0][colour]", "red", json!("parameter_unknown"), "line_items[0][colour]"),
        ("mode", "", json!("parameter_missing"), "mode"),
        ("mode", "setup", json!(null), "mode"),
        ("success_url", "", json!("parameter_missing"), "success_url"),
        (
            "line_items[0][quantity]",
            "two",
            json!("parameter_invalid_integer"),
            "line_items[0][quantity]",
        ),
        ("line_items[0][quantity]", "0", json!(null), "line_items[0][quantity]"),
        (
            "line_items[0][price_data][currency]",
            "IDR",
            json!(null),
            "line_items[0][price_data][currency]",
        ),
        ("expires_at", "1", json!(null), "expires_at"),
    ] {
        let kept = SESSION.into_iter().filter(|(known, _)| *known != name);
        let added = [(name, value)].into_iter().filter(|(_, value)| !value.is_empty());
        let fields: Vec<_> = kept.chain(added).collect();
        let request = sandbox.stripe(Method::POST, "checkout/sessions").form(&fields);
        let (status, answer) = answer(request).await;
        let error = &answer["error"];
        assert_eq!((status, &error["type"]), (400, &json!("invalid_request_error")), "{answer}");
        assert_eq!((&error["code"], &error["param"]), (&code, &json!(param)), "{answer}");
    }
    let json =
        sandbox.stripe(Method::POST, "checkout/sessions").json(&json!({ "mode": "payment" }));
    assert_eq!(answer(json).await.0, 400);
    assert_eq!(sandbox.state().await["stripe"]["sessions"], json!([]));
}

#[tokio::test]
async fn refuses_wrong_keys_and_unknown_things() {
    let sandbox = Sandbox::start().await;
    let url = format!("{}/v1/checkout/sessions", sandbox.base);
    let anonymous = sandbox.http.post(&url).form(&SESSION);
    let stranger = sandbox.http.post(&url).bearer_auth("sk_test_other").form(&SESSION);
    for request in [anonymous, stranger] {
        let (status, answer) = answer(request).await;
        assert_eq!((status, &answer["error"]["type"]), (401, &json!("invalid_request_error")));
    }
    let missing = answer(sandbox.stripe(Method::GET, "checkout/sessions/cs_x")).await;
    assert_eq!((missing.0, &missing.1["error"]["code"]), (404, &json!("resource_missing")));
    assert_eq!(answer(sandbox.stripe(Method::GET, "invoices")).await.0, 404);
}

#[tokio::test]
async fn creates_once_per_idempotency_key() {
    let sandbox = Sandbox::start().await;
    let keyed = || create(&sandbox).header("idempotency-key", "topup:1");
    let first = keyed().send().await.unwrap();
    assert!(first.headers().get("idempotent-replayed").is_none());
    let first = first.text().await.unwrap();
    let second = keyed().send().await.unwrap();
    assert_eq!(second.headers()["idempotent-replayed"], "true");
    assert_eq!(second.text().await.unwrap(), first);
    assert_eq!(sandbox.state().await["stripe"]["sessions"].as_array().unwrap().len(), 1);

    let other = sandbox
        .stripe(Method::POST, "refunds")
        .header("idempotency-key", "topup:1")
        .form(&[("payment_intent", "pi_1")]);
    let (status, answer) = answer(other).await;
    assert_eq!((status, &answer["error"]["type"]), (400, &json!("idempotency_error")));
}

#[tokio::test]
async fn refuses_a_key_that_is_in_use() {
    let sandbox = Sandbox::start().await;
    sandbox.control("stripe", json!({ "faults": { "latency_ms": 500, "remaining": 2 } })).await;
    let keyed = || answer(create(&sandbox).header("idempotency-key", "topup:1"));
    let (one, two) = tokio::join!(keyed(), keyed());
    let (winner, loser) = if one.0 == 200 { (one, two) } else { (two, one) };
    assert_eq!(winner.0, 200);
    assert_eq!((loser.0, &loser.1["error"]["code"]), (409, &json!("idempotency_key_in_use")));
}

#[tokio::test]
async fn keeps_the_reply_to_a_call_whose_answer_was_lost() {
    let sandbox = Sandbox::start().await;
    let keyed = |key: &str| create(&sandbox).header("idempotency-key", key.to_owned());
    for (fault, key) in [("drop_after_commit", "a"), ("http_500_after_commit", "b")] {
        let faults = json!({ "faults": { fault: true, "remaining": 1 } });
        sandbox.control("stripe", faults).await;
        match keyed(key).send().await {
            Ok(response) => assert_eq!(response.status(), 500),
            Err(error) => assert!(error.is_request()),
        }
        let again = keyed(key).send().await.unwrap();
        assert_eq!(again.headers()["idempotent-replayed"], "true");
    }
    sandbox.control("stripe", json!({ "faults": { "http_500": true, "remaining": 1 } })).await;
    assert_eq!(answer(keyed("c")).await.0, 500);
    assert_eq!(sandbox.state().await["stripe"]["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(answer(keyed("c")).await.0, 200);
}

#[tokio::test]
async fn pays_through_the_page_of_the_session() {
    let sandbox = Sandbox::start().await;
    let id = session(&sandbox).await;
    let url = format!("{}/checkout/{id}", sandbox.base);
    let page = sandbox.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("idr 2000000"));
    let browser = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let paid = browser.post(&url).send().await.unwrap();
    assert_eq!(paid.headers()["location"], format!("https://shop.test/ok?session_id={id}"));
    assert_eq!(sandbox.state().await["stripe"]["sessions"][0]["payment_status"], "paid");
}
