use std::{future::pending, time::Duration};

use infra::sms::sms_activate::SmsActivate;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{PATIENT, adapter};

/// A sandbox of its own, and the means to play the outside world in it.
pub(super) struct Market {
    address: String,
    http: reqwest::Client,
    _server: JoinSet<()>,
}

impl Market {
    pub(super) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async {
            sandbox::serve(sandbox::Config::default(), listener, pending()).await.unwrap();
        });
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENT).build().unwrap();
        Self { address, http, _server: server }
    }

    pub(super) fn base_url(&self) -> String {
        format!("{}/p/alpha", self.address)
    }

    pub(super) fn provider(&self) -> SmsActivate {
        self.provider_within(PATIENT)
    }

    pub(super) fn provider_within(&self, timeout: Duration) -> SmsActivate {
        adapter(&self.base_url(), "key-alpha", timeout)
    }

    pub(super) async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/control/{path}", self.address);
        let reply = self.http.post(url).json(&body).send().await.unwrap();
        assert!(reply.status().is_success(), "{path}: {}", reply.text().await.unwrap());
        reply.json().await.unwrap()
    }

    pub(super) async fn faults(&self, faults: Value) {
        self.control("providers/alpha/faults", faults).await;
    }

    pub(super) async fn sms(&self, id: &str, text: &str) {
        let body = json!({"provider": "alpha", "activation_id": id, "text": text});
        self.control("sms", body).await;
    }

    pub(super) async fn advance(&self, seconds: u32) {
        self.control("clock/advance", json!({"seconds": seconds})).await;
    }

    /// The provider's own books.
    pub(super) async fn books(&self) -> Value {
        let url = format!("{}/control/state", self.address);
        let mut state: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        state["providers"]["alpha"].take()
    }

    /// How often `action` was called.
    pub(super) async fn calls(&self, action: &str) -> u64 {
        self.books().await["calls"][action].as_u64().unwrap_or(0)
    }
}
