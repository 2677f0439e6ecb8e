mod calls;
mod events;
mod money;
mod payments;

use reqwest::{Method, RequestBuilder};
use sandbox::Config;
use serde_json::{Value, json};

use crate::support::{Received, Receiver, Sandbox};

const SESSION: [(&str, &str); 10] = [
    ("mode", "payment"),
    ("client_reference_id", "top_01"),
    ("success_url", "https://shop.test/ok?session_id={CHECKOUT_SESSION_ID}"),
    ("cancel_url", "https://shop.test/cancel"),
    ("line_items[0][quantity]", "2"),
    ("line_items[0][price_data][currency]", "idr"),
    ("line_items[0][price_data][unit_amount]", "1000000"),
    ("line_items[0][price_data][product_data][name]", "Balance top-up"),
    ("metadata[topup_id]", "top_01"),
    ("payment_intent_data[metadata][topup_id]", "top_01"),
];

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert!(response.headers()["request-id"].to_str().unwrap().starts_with("req_"));
    (response.status().as_u16(), response.json().await.unwrap())
}

fn create(sandbox: &Sandbox) -> RequestBuilder {
    sandbox.stripe(Method::POST, "checkout/sessions").form(&SESSION)
}

async fn session(sandbox: &Sandbox) -> String {
    let (status, session) = answer(create(sandbox)).await;
    assert_eq!(status, 200, "{session}");
    session["id"].as_str().unwrap().to_owned()
}

async fn wired(receiver: &Receiver) -> Sandbox {
    let config = Config { stripe_webhook_url: Some(receiver.url.clone()), ..Config::default() };
    let sandbox = Sandbox::with(config).await;
    sandbox.control("stripe", json!({ "webhook_retry_ms": 1 })).await;
    sandbox
}

/// The parts of the signature header: time and signatures by scheme.
fn signature(received: &Received) -> (i64, Vec<(String, String)>) {
    let header = received.headers["stripe-signature"].to_str().unwrap();
    let mut items = header.split(',').map(|item| item.split_once('=').unwrap());
    let (name, time) = items.next().unwrap();
    assert_eq!(name, "t");
    let rest = items.map(|(scheme, value)| (scheme.to_owned(), value.to_owned())).collect();
    (time.parse().unwrap(), rest)
}

fn v1(value: String) -> (String, String) {
    ("v1".to_owned(), value)
}
