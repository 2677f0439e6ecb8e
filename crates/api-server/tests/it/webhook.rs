//! Where customers' servers are told, as customers see it.

use axum::http::StatusCode;
use domain::hooks::SendOutcome;
use serde_json::{Value, json};

use crate::support::Api;

const URL: &str = r#"{"webhook_url":"https://customer.example/hook"}"#;

#[tokio::test]
async fn shows_nothing_before_it_is_set_up() {
    let api = Api::new().await;
    let unset = json!({
        "webhook_url": null, "webhook_secret": null, "webhook_disabled_at": null,
        "webhook_disabled_reason": null, "webhook_consecutive_failures": 0,
    });
    for version in ["/v1", "/v2"] {
        let answer = api.get(&format!("{version}/webhook")).await;
        assert_eq!(answer.json(), json!({ "success": true, "data": unset }));
    }
}

#[tokio::test]
async fn makes_a_secret_with_the_first_address_and_keeps_it() {
    let api = Api::new().await;
    let first = api.patch("/v1/webhook", URL).await;
    assert_eq!(first.status, StatusCode::OK);
    let data = &first.json()["data"];
    assert_eq!(data["webhook_url"], "https://customer.example/hook");
    assert!(data["webhook_secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(api.get("/v2/webhook").await.json()["data"], *data);
    let own = api.patch("/v2/webhook", r#"{"webhook_secret":"my own"}"#).await;
    assert_eq!(own.json()["data"]["webhook_secret"], "my own");
    let cleared = api.patch("/v1/webhook", r#"{"webhook_url":"","webhook_secret":""}"#).await;
    let data = &cleared.json()["data"];
    assert_eq!((&data["webhook_url"], &data["webhook_secret"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn refuses_changes_that_make_no_sense() {
    let api = Api::new().await;
    let long = format!(r#"{{"webhook_secret":"{}"}}"#, "x".repeat(257));
    for (body, field) in [
        ("{}", "body"),
        ("", "body"),
        (r#"{"webhook_url":"http://customer.example"}"#, "webhook_url"),
        (r#"{"webhook_url":7}"#, "webhook_url"),
        (r#"{"url":"https://customer.example"}"#, "url"),
        (&long, "webhook_secret"),
    ] {
        let answer = api.patch("/v1/webhook", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(
            (answer.code().as_str(), answer.blamed()),
            ("VALIDATION_ERROR", vec![field.to_owned()])
        );
    }
}

#[tokio::test]
async fn a_test_tells_what_the_server_answered() {
    let api = Api::new().await;
    let none = api.post("/v1/webhook/test", "").await;
    assert_eq!(
        (none.code().as_str(), none.blamed()),
        ("VALIDATION_ERROR", vec!["webhook_url".to_owned()])
    );
    api.patch("/v1/webhook", URL).await;
    let answer = api.post("/v2/webhook/test", "").await;
    assert_eq!(answer.json(), json!({ "success": true, "data": { "status_code": 200 } }));
    api.market.receiver.then(SendOutcome::Answered(500));
    assert_eq!(api.post("/v1/webhook/test", "").await.json()["data"]["status_code"], 500);
    for _ in 0..3 {
        api.post("/v1/webhook/test", "").await;
    }
    let answer = api.post("/v1/webhook/test", "").await;
    assert_eq!(answer.code(), "RATE_LIMIT_EXCEEDED");
    assert_eq!(answer.retry_after.as_deref(), Some("60"));
}

#[tokio::test]
async fn lists_attempts_and_sends_a_message_again() {
    let api = Api::new().await;
    api.patch("/v1/webhook", URL).await;
    let order = api.market.buy().await.unwrap();
    api.receive(&order, "1234").await;
    api.stamp().await;
    api.market.run_tasks().await.unwrap();
    let attempts = api.get("/v1/webhook/attempts?limit=5").await.json()["data"].clone();
    assert_eq!(attempts.as_array().unwrap().len(), 1);
    let attempt = &attempts[0];
    assert_eq!(attempt["event"], "order.otp_received");
    assert_eq!(attempt["order_id"], order.id.get());
    assert_eq!((&attempt["status_code"], &attempt["outcome"]), (&json!(200), &json!("delivered")));
    let again = format!(r#"{{"id":{}}}"#, attempt["message_id"]);
    let answer = api.post("/v1/webhook/replay", &again).await;
    assert_eq!(answer.json()["data"]["message_state"], "waiting");
    api.market.run_tasks().await.unwrap();
    assert_eq!(api.market.receiver.came().len(), 2);
    let attempts = api.get("/v1/webhook/attempts").await.json()["data"].clone();
    assert_eq!((&attempts[0]["trigger"], &attempts[0]["attempt"]), (&json!("replay"), &json!(2)));
    assert_eq!(api.get("/v1/webhook/attempts?limit=0").await.blamed(), ["limit"]);
    let (_, stranger) = api.stranger().await;
    let theirs = api.post_as(&stranger, "/v1/webhook/replay", &again).await;
    assert_eq!((theirs.status, theirs.code().as_str()), (StatusCode::NOT_FOUND, "NOT_FOUND"));
    let unknown = api.post("/v1/webhook/replay", r#"{"id":"nonsense"}"#).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let none = api.get_as(&stranger, "/v1/webhook/attempts").await;
    assert_eq!(none.json()["data"], json!([]));
}
