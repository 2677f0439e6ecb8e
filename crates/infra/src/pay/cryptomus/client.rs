//! Calls to the API.

use domain::{gateways::GatewayError, ledger::Gateway};
use reqwest::{StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{invoice::Invoice, signature};
use crate::pay::{
    call::{self, Failure},
    secrets::SecretList,
};

pub(super) struct Client {
    pub(super) gateway: Gateway,
    pub(super) http: reqwest::Client,
    pub(super) create: Url,
    pub(super) info: Url,
    pub(super) merchant: String,
}

/// Every answer is wrapped in this.
#[derive(Deserialize)]
struct Envelope {
    state: i64,
    result: Option<Value>,
}

impl Client {
    /// Opens an invoice, or finds the one that an earlier call opened.
    pub(super) async fn create(
        &self,
        body: &str,
        secrets: &SecretList,
    ) -> Result<Invoice, GatewayError> {
        let found = self.call(&self.create, body, secrets).await?;
        found.ok_or(GatewayError::Refused("it does not accept the request"))
    }

    /// Looks an invoice up; nothing when there is none.
    pub(super) async fn info(
        &self,
        body: &str,
        secrets: &SecretList,
    ) -> Result<Option<Invoice>, GatewayError> {
        self.call(&self.info, body, secrets).await
    }

    async fn call(
        &self,
        url: &Url,
        body: &str,
        secrets: &SecretList,
    ) -> Result<Option<Invoice>, GatewayError> {
        let sign = signature::sign(body.as_bytes(), secrets);
        call::repeating(self.gateway, || self.attempt(url, body, &sign)).await
    }

    async fn attempt(&self, url: &Url, body: &str, sign: &str) -> Result<Option<Invoice>, Failure> {
        let request = self
            .http
            .post(url.clone())
            .header("merchant", &self.merchant)
            .header("sign", sign)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_owned());
        let (status, answer) = call::exchange(request).await?;
        // The second is the usual answer to a reference that is in no book.
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY) {
            return Ok(None);
        }
        if !status.is_success() {
            tracing::warn!(
                gateway = self.gateway.code(),
                http.status = status.as_u16(),
                "{} refuses a call",
                self.gateway.code()
            );
            return Err(Failure::of_status(status));
        }
        let unreadable = || Failure::passing("the answer is not readable");
        let answer: Envelope = serde_json::from_slice(&answer).map_err(|_| unreadable())?;
        if answer.state != 0 {
            return Err(Failure::refused("it does not accept the request"));
        }
        let invoice = answer.result.and_then(|result| Invoice::deserialize(result).ok());
        invoice.map(Some).ok_or_else(unreadable)
    }
}
