//! Requests as a stranger to our code would make them.

use std::time::Duration;

use reqwest::{Client, Method, Response, header::HeaderMap};
use serde_json::Value;

/// Longer than any answer takes that is not an event stream.
const PATIENCE: Duration = Duration::from_secs(90);

/// A client that talks to the given address only.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(256).build().unwrap()
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) async fn read(response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    /// The document it carries; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The payload of a success.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        let mut json = self.json();
        let is_success = self.status == 200 && json["success"] == true;
        assert!(is_success, "refused with {}: {}", self.status, self.text);
        json["data"].take()
    }

    /// The error code of a refusal; empty for a success.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Panics unless it is this refusal.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        let seen = (self.status, self.code());
        assert_eq!(seen, (status, code.to_owned()), "{}", self.text);
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Fetches a page; nothing when nobody answers.
pub(crate) async fn get(client: &Client, url: &str) -> Option<Reply> {
    let response = client.request(Method::GET, url).send().await.ok()?;
    Reply::read(response).await.ok()
}
