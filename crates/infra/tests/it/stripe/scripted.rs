//! Against answers written down in the test.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
};
use domain::gateways::{Checkout, GatewayError, PaymentGateway};
use infra::pay::stripe::Stripe;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

use super::{request, settings};

/// One answer.
#[derive(Clone, Default)]
pub(super) struct Answer {
    /// Answers only calls whose address starts so, such as `/v1/refunds?`; any call when empty.
    pub(super) to: &'static str,
    pub(super) status: u16,
    /// `stripe-should-retry`.
    pub(super) advice: Option<&'static str>,
    pub(super) body: String,
}

/// One call as it came.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A server that answers as written and keeps what it was asked. It ends with the value.
pub(super) struct Script {
    pub(super) stripe: Stripe,
    asked: Arc<Mutex<Vec<Asked>>>,
    _server: JoinSet<()>,
}

type Shared = (Arc<Mutex<Vec<Answer>>>, Arc<Mutex<Vec<Asked>>>);

impl Script {
    /// Each call takes the first answer that fits it; the last one that fits stays.
    pub(super) async fn start(answers: Vec<Answer>) -> Self {
        let asked = Arc::default();
        let shared: Shared = (Arc::new(Mutex::new(answers)), Arc::clone(&asked));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(shared);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { stripe: Stripe::new(settings(base)).unwrap(), asked, _server: server }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(
    State((answers, asked)): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = uri.to_string();
    let mut answers = answers.lock().unwrap();
    let mut fitting = answers.iter().enumerate().filter(|(_, it)| target.starts_with(it.to));
    let found = fitting.next().map(|(at, answer)| (at, answer.clone()));
    let is_last = fitting.next().is_none();
    asked.lock().unwrap().push(Asked { method, target, headers, body });
    let Some((at, answer)) = found else {
        return axum::http::StatusCode::IM_A_TEAPOT.into_response();
    };
    if !is_last {
        answers.remove(at);
    }
    let status = axum::http::StatusCode::from_u16(answer.status).unwrap();
    let mut response = (status, answer.body).into_response();
    if let Some(advice) = answer.advice {
        response.headers_mut().insert("stripe-should-retry", advice.parse().unwrap());
    }
    if status.is_redirection() {
        response.headers_mut().insert("location", "/elsewhere".parse().unwrap());
    }
    response
}

fn plain(status: u16, advice: Option<&'static str>, body: &str) -> Answer {
    Answer { to: "", status, advice, body: body.to_owned() }
}

/// What comes of a checkout that meets `answers`, and what was asked.
async fn checkout(answers: Vec<Answer>) -> (Result<Checkout, GatewayError>, Vec<Asked>) {
    let script = Script::start(answers).await;
    let outcome = script.stripe.create_checkout(&request()).await;
    (outcome, script.asked())
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
    let busy = r#"{"error":{"type":"invalid_request_error","code":"rate_limit"}}"#;
    let answers = vec![plain(429, Some("true"), busy), plain(200, None, &session())];
    let (outcome, asked) = checkout(answers).await;
    assert_eq!(outcome.unwrap().payment_id, "cs_test_1");
    let [first, second] = &asked[..] else { panic!("{} calls", asked.len()) };
    assert_eq!(first.body, second.body);
    let key = format!("topup:{}", request().topup);
    for Asked { headers, .. } in [first, second] {
        assert_eq!(headers["idempotency-key"], key);
        assert_eq!(headers["authorization"], "Bearer sk_test_sandbox");
        assert_eq!(headers["stripe-version"], "2026-10-28.endive");
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    }
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    let body = r#"{"error":{"type":"invalid_request_error","message":"sk_test_sandbox"}}"#;
    let (outcome, asked) = checkout(vec![plain(400, None, body)]).await;
    assert_eq!(outcome, Err(GatewayError::Refused("it does not accept the request")));
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn the_advice_not_to_try_again_is_followed() {
    let (outcome, asked) = checkout(vec![plain(500, Some("false"), "")]).await;
    assert_eq!(outcome, Err(GatewayError::Unavailable("it failed")));
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (outcome, asked) = checkout(vec![plain(307, None, "")]).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn an_unreadable_answer_is_asked_for_again() {
    for body in ["", "<html>", "{}", &" ".repeat(5 * 1024 * 1024)] {
        let (outcome, asked) =
            checkout(vec![plain(200, None, body), plain(200, None, &session())]).await;
        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(asked.len(), 2);
    }
}

#[tokio::test]
async fn three_unreadable_answers_are_enough() {
    let (outcome, asked) = checkout(vec![plain(200, None, "{}")]).await;
    assert_eq!(outcome, Err(GatewayError::Unavailable("the answer is not readable")));
    assert_eq!(asked.len(), 3);
}
