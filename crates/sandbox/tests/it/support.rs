use std::{collections::VecDeque, future::pending, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use reqwest::{Client, Method, RequestBuilder};
use sandbox::Config;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinSet,
};

/// A running sandbox; it ends with the value.
pub(crate) struct Sandbox {
    pub(crate) base: String,
    pub(crate) http: Client,
    _server: JoinSet<std::io::Result<()>>,
}

impl Sandbox {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(sandbox::serve(config, listener, pending()));
        let http = Client::builder().no_proxy().build().unwrap();
        Self { base, http, _server: server }
    }

    /// A request in the `sms_activate` protocol to provider alpha, with its key.
    pub(crate) fn request(&self, query: &str) -> RequestBuilder {
        let base = &self.base;
        self.http
            .get(format!("{base}/p/alpha/stubs/handler_api.php?api_key=key-alpha&action={query}"))
    }

    /// The body of the reply to such a request, which has to have status 200.
    pub(crate) async fn ask(&self, query: &str) -> String {
        let response = self.request(query).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.text().await.unwrap()
    }

    /// Buys a number at alpha and returns the id.
    pub(crate) async fn buy(&self) -> u64 {
        let reply = self.ask("getNumber&service=wa&country=6").await;
        let mut parts = reply.split(':');
        assert_eq!(parts.next(), Some("ACCESS_NUMBER"), "{reply}");
        parts.next().unwrap().parse().unwrap()
    }

    pub(crate) async fn state(&self) -> Value {
        let response = self.http.get(format!("{}/control/state", self.base)).send().await.unwrap();
        response.json().await.unwrap()
    }

    /// What a gateway knows of the money it moved for an order; null when nothing.
    pub(crate) async fn truth(&self, gateway: &str, order: &str) -> Value {
        let url = format!("{}/control/{gateway}/truth", self.base);
        let truth: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        let mut orders = truth["orders"].as_array().unwrap().iter();
        orders.find(|it| it["order_id"] == order).cloned().unwrap_or_default()
    }

    pub(crate) async fn alpha(&self) -> Value {
        self.state().await["providers"]["alpha"].clone()
    }

    /// Calls a control that has to succeed.
    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.try_control(path, body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/control/{path}", self.base);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn faults(&self, faults: Value) {
        self.control("providers/alpha/faults", faults).await;
    }

    pub(crate) async fn advance(&self, seconds: u32) {
        self.control("clock/advance", json!({ "seconds": seconds })).await;
    }

    /// A call of the Stripe API with the right key.
    pub(crate) fn stripe(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v1/{path}", self.base);
        self.http.request(method, url).bearer_auth("sk_test_sandbox")
    }
}

/// What a receiver got.
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A customer's server that reports what it gets.
pub(crate) struct Receiver {
    pub(crate) url: String,
    inbox: mpsc::UnboundedReceiver<Received>,
    _server: JoinSet<std::io::Result<()>>,
}

#[derive(Clone)]
struct Desk {
    statuses: Arc<Mutex<VecDeque<StatusCode>>>,
    outbox: mpsc::UnboundedSender<Received>,
}

impl Receiver {
    /// Answers with `statuses` one after the other and with 200 from then on.
    pub(crate) async fn answering(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (outbox, inbox) = mpsc::unbounded_channel();
        let statuses = statuses.iter().map(|it| StatusCode::from_u16(*it).unwrap()).collect();
        let desk = Desk { statuses: Arc::new(Mutex::new(statuses)), outbox };
        let router = Router::new().fallback(take).with_state(desk);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await });
        Self { url, inbox, _server: server }
    }

    pub(crate) async fn next(&mut self) -> Received {
        self.inbox.recv().await.unwrap()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inbox.is_empty()
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> StatusCode {
    desk.outbox.send(Received { headers, body }).unwrap();
    desk.statuses.lock().await.pop_front().unwrap_or(StatusCode::OK)
}
