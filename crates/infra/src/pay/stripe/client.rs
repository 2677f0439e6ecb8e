//! Calls to the API, repeated as Stripe advises.

use std::time::Duration;

use aws_lc_rs::rand;
use domain::gateways::GatewayError;
use metrics::counter;
use reqwest::{Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::session::Session;

/// The version whose fields we know; accounts have a default of their own.
const VERSION: &str = "2026-10-28.endive";
/// Tries of one call. A customer waits for it.
const ATTEMPTS: u32 = 3;
/// The first pause, and the least of any.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Far above any session.
const BODY_LIMIT: usize = 256 * 1024;

pub(super) struct Client {
    http: reqwest::Client,
    sessions: Url,
    key: SecretString,
}

/// One try that brought nothing.
#[derive(Debug)]
struct Failure {
    error: GatewayError,
    /// Whether the same call may still succeed.
    is_passing: bool,
}

impl Client {
    /// Nothing when `base` is no address.
    pub(super) fn new(http: reqwest::Client, base: &str, key: SecretString) -> Option<Self> {
        let sessions = format!("{}/v1/checkout/sessions", base.trim_end_matches('/'));
        let sessions = Url::parse(&sessions).ok()?;
        matches!(sessions.scheme(), "http" | "https").then_some(Self { http, sessions, key })
    }

    /// Whether what is sent is encrypted.
    pub(super) fn is_private(&self) -> bool {
        self.sessions.scheme() == "https"
    }

    /// Opens a session, or finds the one that an earlier call with `key` opened.
    pub(super) async fn create_session(
        &self,
        key: &str,
        form: String,
    ) -> Result<Session, GatewayError> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(key, form.clone()).await {
                Ok(session) => {
                    count("ok");
                    return Ok(session);
                }
                Err(failure) => failure,
            };
            if !failure.is_passing || attempt == ATTEMPTS {
                let refused = matches!(failure.error, GatewayError::Refused(_));
                count(if refused { "refused" } else { "unavailable" });
                return Err(failure.error);
            }
            count("retried");
            tracing::info!(error = %failure.error, attempt, "Stripe call {key} is repeated");
            tokio::time::sleep(pause(attempt)).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, key: &str, form: String) -> Result<Session, Failure> {
        let response = self
            .http
            .post(self.sessions.clone())
            .bearer_auth(self.key.expose_secret())
            .header("stripe-version", VERSION)
            .header("idempotency-key", key)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .map_err(|error| Failure::of_transport(&error))?;
        let (status, advice) = (response.status(), advice(&response));
        let request_id = text(&response, "request-id").unwrap_or_default().to_owned();
        let body = read(response).await?;
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|_| Failure::passing("the answer is not readable"));
        }
        let fault = serde_json::from_slice::<Refusal>(&body).unwrap_or_default().error;
        tracing::warn!(
            http.status = status.as_u16(),
            stripe.request_id = request_id,
            error.kind = fault.kind,
            error.code = fault.code,
            error.param = fault.param,
            "Stripe refuses call {key}"
        );
        Err(Failure::of_status(status, advice, &fault.kind))
    }
}

impl Failure {
    const fn passing(why: &'static str) -> Self {
        Self { error: GatewayError::Unavailable(why), is_passing: true }
    }

    fn of_transport(error: &reqwest::Error) -> Self {
        Self::passing(match error {
            error if error.is_timeout() => "it did not answer in time",
            error if error.is_connect() => "it cannot be reached",
            _ => "the connection broke",
        })
    }

    /// Stripe's advice counts most: it knows whether it has started on the call.
    fn of_status(status: StatusCode, advice: Option<bool>, kind: &str) -> Self {
        let overload = matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS);
        let error = match status {
            _ if kind == "idempotency_error" && status != StatusCode::CONFLICT => {
                GatewayError::Refused("the reference was used for another payment")
            }
            _ if overload => GatewayError::Unavailable("it is busy with another call"),
            _ if status.is_server_error() => GatewayError::Unavailable("it failed"),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                GatewayError::Refused("our key is not accepted")
            }
            _ => GatewayError::Refused("it does not accept the request"),
        };
        let usual = status == StatusCode::CONFLICT || status.is_server_error();
        Self { error, is_passing: advice.unwrap_or(usual) }
    }
}

/// An error as the API writes it; its message is left out because it may quote the key.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Fault,
}

#[derive(Debug, Default, Deserialize)]
struct Fault {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    param: Option<String>,
}

async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::of_transport(&error))? {
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(Failure::passing("the answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn text<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// What Stripe says about trying again.
fn advice(response: &Response) -> Option<bool> {
    text(response, "stripe-should-retry")?.parse().ok()
}

/// Doubles from half a second, and is cut by up to half so that callers do not come back at once.
fn pause(attempt: u32) -> Duration {
    let full = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(8));
    let mut byte = [0];
    // Without chance the pause is merely not spread.
    let _ = rand::fill(&mut byte);
    let share = 0.5 + f64::from(u8::from_ne_bytes(byte)) / 510.0;
    full.min(LONGEST_PAUSE).mul_f64(share).max(FIRST_PAUSE)
}

fn count(outcome: &'static str) {
    counter!("gateway_calls_total", "gateway" => "stripe", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests;
