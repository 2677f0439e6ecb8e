//! Against answers written down in the test.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use domain::gateways::{Checkout, GatewayError, PaymentGateway};
use infra::pay::stripe::Stripe;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use super::{request, settings};

/// Status, `stripe-should-retry` and body of one answer.
type Answer = (u16, Option<&'static str>, String);

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Vec<Answer>>,
    asked: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

async fn answer(State(script): State<Script>, headers: HeaderMap, body: Bytes) -> Response {
    let mut asked = script.asked.lock().unwrap();
    let (status, advice, text) = script.answers[asked.len().min(script.answers.len() - 1)].clone();
    asked.push((headers, body));
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    let mut response = (status, text).into_response();
    if let Some(advice) = advice {
        response.headers_mut().insert("stripe-should-retry", advice.parse().unwrap());
    }
    if status.is_redirection() {
        response.headers_mut().insert("location", "/elsewhere".parse().unwrap());
    }
    response
}

/// What comes of a checkout that meets `answers`, and what was asked. The last answer repeats.
async fn checkout(
    answers: Vec<Answer>,
) -> (Result<Checkout, GatewayError>, Vec<(HeaderMap, Bytes)>) {
    let script = Script { answers: Arc::new(answers), ..Script::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().fallback(answer).with_state(script.clone());
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let stripe = Stripe::new(settings(base)).unwrap();
    let outcome = stripe.create_checkout(&request()).await;
    let asked = script.asked.lock().unwrap().clone();
    (outcome, asked)
}

fn session() -> String {
    json!({
        "id": "cs_test_1",
        "url": "https://checkout.stripe.com/c/pay/cs_test_1",
        "amount_total": 5_000_000,
        "currency": "idr",
        "client_reference_id": request().topup.to_string(),
        "livemode": false,
    })
    .to_string()
}

#[tokio::test]
async fn a_repeat_is_the_same_call() {
    let busy = r#"{"error":{"type":"invalid_request_error","code":"rate_limit"}}"#.to_owned();
    let (outcome, asked) = checkout(vec![(429, Some("true"), busy), (200, None, session())]).await;
    assert_eq!(outcome.unwrap().payment_id, "cs_test_1");
    let [(first, body), (second, same)] = &asked[..] else { panic!("{} calls", asked.len()) };
    assert_eq!(body, same);
    let key = format!("topup:{}", request().topup);
    for headers in [first, second] {
        assert_eq!(headers["idempotency-key"], key);
        assert_eq!(headers["authorization"], "Bearer sk_test_sandbox");
        assert_eq!(headers["stripe-version"], "2026-10-28.endive");
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    }
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let body = r#"{"error":{"type":"invalid_request_error","message":"sk_test_sandbox"}}"#;
    let (outcome, asked) = checkout(vec![(400, None, body.to_owned())]).await;
    assert_eq!(outcome, Err(GatewayError::Refused("it does not accept the request")));
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn the_advice_not_to_try_again_is_followed() {
    let (outcome, asked) = checkout(vec![(500, Some("false"), String::new())]).await;
    assert_eq!(outcome, Err(GatewayError::Unavailable("it failed")));
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (outcome, asked) = checkout(vec![(307, None, String::new())]).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn an_unreadable_answer_is_asked_for_again() {
    for body in ["", "<html>", "{}", &" ".repeat(300 * 1024)] {
        let (outcome, asked) =
            checkout(vec![(200, None, body.to_owned()), (200, None, session())]).await;
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(asked.len(), 2);
    }
}

#[tokio::test]
async fn three_unreadable_answers_are_enough() {
    let (outcome, asked) = checkout(vec![(200, None, "{}".to_owned())]).await;
    assert_eq!(outcome, Err(GatewayError::Unavailable("the answer is not readable")));
    assert_eq!(asked.len(), 3);
}
