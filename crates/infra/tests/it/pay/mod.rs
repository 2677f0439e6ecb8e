//! Payment gateways, against stand-ins that keep their own books and against written answers.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod btcpay;
mod btcpay_scripted;
mod duitku;
mod heleket;
mod scripted;

use std::{
    future::pending,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use chrono::DateTime;
use domain::{
    gateways::{Notice, PaymentGateway, VerifyError},
    ids::TopupId,
};
use sandbox::Config;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

/// What the webhook received, oldest first.
type Inbox = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A sandbox and a webhook; they end with the value.
struct World {
    base: String,
    /// Where the webhook listens.
    hook: String,
    http: reqwest::Client,
    inbox: Inbox,
    _servers: JoinSet<()>,
}

impl World {
    async fn start() -> Self {
        let mut servers = JoinSet::new();
        let inbox = Inbox::default();
        let webhook = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = format!("http://{}/webhook", webhook.local_addr().unwrap());
        let routes = Router::new().route("/webhook", post(receive)).with_state(inbox.clone());
        servers.spawn(async move { axum::serve(webhook, routes).await.unwrap() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let serve = sandbox::serve(Config::default(), listener, pending());
        servers.spawn(async move { serve.await.unwrap() });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { base, hook, http, inbox, _servers: servers }
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/control/{path}", self.base);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let status = response.status();
        let answer = response.json().await.unwrap();
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }

    /// What `gateway` knows of the money, order by order.
    async fn orders(&self, gateway: &str) -> Vec<Value> {
        let url = format!("{}/control/{gateway}/truth", self.base);
        let truth: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        truth["orders"].as_array().unwrap().clone()
    }

    /// What `gateway` knows of the money for `topup`.
    async fn truth(&self, gateway: &str, topup: TopupId) -> Value {
        let orders = self.orders(gateway).await;
        orders.into_iter().find(|it| it["order_id"] == topup.to_string()).unwrap()
    }

    /// Sends the newest callback about `topup` again, in the shape `deliver`.
    async fn redeliver(&self, gateway: &str, topup: TopupId, deliver: &str) {
        let body = json!({ "order_id": topup.to_string(), "deliver": deliver });
        self.control(&format!("{gateway}/deliver"), body).await;
    }

    fn received(&self) -> usize {
        self.inbox.lock().unwrap().len()
    }

    /// Reads the newest delivery as the ingest would.
    fn verify_last(&self, gateway: &dyn PaymentGateway) -> Result<Option<Notice>, VerifyError> {
        let (headers, body) = self.inbox.lock().unwrap().last().unwrap().clone();
        let find = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        gateway.verify(&find, &body, DateTime::from_timestamp(1_763_600_000, 0).unwrap())
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) {
    inbox.lock().unwrap().push((headers, body));
}

fn topup(number: u128) -> TopupId {
    TopupId::new(Uuid::from_u128(0x0198_c2d1_0000_7000_8000_0000_0000_0000 + number))
}
