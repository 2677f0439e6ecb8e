//! Against the sandbox, which keeps its own books.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use domain::{
    gateways::{CheckoutRequest, GatewayError, Notice, PaymentGateway, PaymentRef, VerifyError},
    ledger::Gateway,
    time::Clock,
};
use infra::{
    pay::stripe::{Stripe, StripeSettings},
    system::SystemClock,
};
use sandbox::Config;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{idr, request, settings};

/// What the webhook received, oldest first.
type Inbox = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A sandbox and a webhook; they end with the value.
pub(super) struct World {
    base: String,
    http: reqwest::Client,
    inbox: Inbox,
    _servers: JoinSet<()>,
}

impl World {
    pub(super) async fn start() -> Self {
        let mut servers = JoinSet::new();
        let inbox = Inbox::default();
        let webhook = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", webhook.local_addr().unwrap());
        let routes = Router::new().route("/webhook", post(receive)).with_state(inbox.clone());
        servers.spawn(async move { axum::serve(webhook, routes).await.unwrap() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let config = Config { stripe_webhook_url: Some(url), ..Config::default() };
        servers.spawn(async move { sandbox::serve(config, listener, pending()).await.unwrap() });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base, http, inbox, _servers: servers }
    }

    pub(super) fn stripe(&self, change: impl FnOnce(&mut StripeSettings)) -> Stripe {
        let mut settings = settings(format!("{}/stripe", self.base));
        change(&mut settings);
        Stripe::new(settings).unwrap()
    }

    pub(super) async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/control/{path}", self.base);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{body}");
        response.json().await.unwrap()
    }

    pub(super) async fn faults(&self, faults: Value) {
        self.control("stripe", json!({ "faults": faults })).await;
    }

    /// The sessions that the sandbox believes to have opened.
    async fn sessions(&self) -> Vec<Value> {
        let url = format!("{}/control/state", self.base);
        let state: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        state["stripe"]["sessions"].as_array().unwrap().clone()
    }

    /// Reads the newest delivery as the ingest would.
    pub(super) fn verify_last(&self, stripe: &Stripe) -> Result<Option<Notice>, VerifyError> {
        let (headers, body) = self.inbox.lock().unwrap().last().unwrap().clone();
        let find = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        stripe.verify(&find, &body, SystemClock.now())
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) {
    inbox.lock().unwrap().push((headers, body));
}

#[tokio::test]
async fn opens_a_page_to_pay_on() {
    let world = World::start().await;
    let checkout = world.stripe(|_| {}).create_checkout(&request()).await.unwrap();
    let sessions = world.sessions().await;
    let [session] = &sessions[..] else { panic!("{sessions:?}") };
    assert_eq!(session["id"], checkout.payment_id);
    assert_eq!(session["amount_total"], 5_000_000);
    assert_eq!(session["currency"], "idr");
    assert_eq!(session["client_reference_id"], request().topup.to_string());
    assert!(checkout.url.ends_with(&checkout.payment_id), "{}", checkout.url);
}

#[tokio::test]
async fn asking_again_opens_no_second_page() {
    let world = World::start().await;
    let first = world.stripe(|_| {}).create_checkout(&request()).await.unwrap();
    // As another process would after a restart.
    let second = world.stripe(|_| {}).create_checkout(&request()).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(world.sessions().await.len(), 1);
}

/// The page was opened, and the answer never came: the repeat finds that page.
#[tokio::test]
async fn a_lost_answer_opens_no_second_page() {
    for fault in ["timeout_after_commit", "drop_after_commit", "http_500_after_commit"] {
        let world = World::start().await;
        let stripe = world.stripe(|it| it.timeout = Duration::from_millis(500));
        world.faults(json!({ fault: true, "remaining": 2 })).await;
        let checkout = stripe.create_checkout(&request()).await.unwrap();
        let sessions = world.sessions().await;
        assert_eq!(sessions.len(), 1, "{fault}");
        assert_eq!(sessions[0]["id"], checkout.payment_id, "{fault}");
    }
}

/// The first try is still being handled when its repeat arrives.
#[tokio::test]
async fn waits_for_its_own_earlier_try() {
    let world = World::start().await;
    let stripe = world.stripe(|it| it.timeout = Duration::from_millis(300));
    world.faults(json!({ "latency_ms": 600, "remaining": 1 })).await;
    stripe.create_checkout(&request()).await.unwrap();
    assert_eq!(world.sessions().await.len(), 1);
}

#[tokio::test]
async fn gives_up_after_three_tries() {
    let world = World::start().await;
    let stripe = world.stripe(|_| {});
    world.faults(json!({ "http_500": true, "remaining": 3 })).await;
    let outcome = stripe.create_checkout(&request()).await;
    assert_eq!(outcome, Err(GatewayError::Unavailable("it failed")));
    // All three faults are used up, and a fourth try would have met none.
    assert!(world.sessions().await.is_empty());
    stripe.create_checkout(&request()).await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_not_known_is_refused() {
    let world = World::start().await;
    let stripe = world.stripe(|it| it.secret_key = "sk_test_other".into());
    let outcome = stripe.create_checkout(&request()).await;
    assert_eq!(outcome, Err(GatewayError::Refused("our key is not accepted")));
}

#[tokio::test]
async fn the_same_reference_is_not_used_for_another_amount() {
    let world = World::start().await;
    let stripe = world.stripe(|_| {});
    stripe.create_checkout(&request()).await.unwrap();
    let dearer = CheckoutRequest { charge: idr(60_000), ..request() };
    let outcome = stripe.create_checkout(&dearer).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
}

#[tokio::test]
async fn without_a_connection_it_says_so() {
    let world = World::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let stripe = world.stripe(|it| it.api_base = format!("http://{closed}"));
    let outcome = stripe.create_checkout(&request()).await;
    assert_eq!(outcome, Err(GatewayError::Unavailable("it cannot be reached")));
}

#[tokio::test]
async fn recognises_the_payment_of_its_own_page() {
    let world = World::start().await;
    let stripe = world.stripe(|_| {});
    let checkout = stripe.create_checkout(&request()).await.unwrap();
    let paid = world.control("stripe/pay", json!({ "session_id": checkout.payment_id })).await;
    let expected = Notice {
        gateway: Gateway::Stripe,
        event_id: paid["event_id"].as_str().unwrap().to_owned(),
        event_kind: "checkout.session.completed".to_owned(),
        payment: PaymentRef::Payment(checkout.payment_id),
    };
    assert_eq!(world.verify_last(&stripe), Ok(Some(expected)));
}

/// Each way of delivery that the sandbox knows, and what we make of it.
#[tokio::test]
async fn tells_good_deliveries_from_bad_ones() {
    let world = World::start().await;
    let stripe = world.stripe(|_| {});
    let checkout = stripe.create_checkout(&request()).await.unwrap();
    let paid = world.control("stripe/pay", json!({ "session_id": checkout.payment_id })).await;
    for (deliver, expected) in [
        ("fresh", Ok(true)),
        ("two_secrets", Ok(true)),
        ("stale", Err(VerifyError::Stale)),
        ("future", Err(VerifyError::Stale)),
        ("v0_only", Err(VerifyError::Malformed)),
        ("tampered", Err(VerifyError::Mismatch)),
        ("wrong_secret", Err(VerifyError::Mismatch)),
        ("bad_header", Err(VerifyError::Malformed)),
    ] {
        let again = json!({ "event_id": paid["event_id"], "deliver": deliver });
        world.control("stripe/redeliver", again).await;
        let outcome = world.verify_last(&stripe).map(|payment| payment.is_some());
        assert_eq!(outcome, expected, "{deliver}");
    }
}

#[tokio::test]
async fn other_events_and_the_other_mode_are_told_apart() {
    let world = World::start().await;
    let stripe = world.stripe(|_| {});
    let event = json!({ "type": "customer.created", "object": { "id": "cus_1" } });
    world.control("stripe/event", event.clone()).await;
    assert_eq!(world.verify_last(&stripe), Ok(None));
    let mut live = event;
    live["livemode"] = json!(true);
    world.control("stripe/event", live).await;
    assert_eq!(world.verify_last(&stripe), Err(VerifyError::WrongMode));
}
