//! Calls to the API, repeated as Stripe advises.

use std::time::Duration;

use aws_lc_rs::rand;
use domain::gateways::GatewayError;
use metrics::counter;
use reqwest::{RequestBuilder, Response, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

/// The version whose fields we know; accounts have a default of their own.
const VERSION: &str = "2026-10-28.endive";
/// Tries of one call. A customer waits for it.
const ATTEMPTS: u32 = 3;
/// The first pause, and the least of any.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Far above a page of a hundred events, the longest answer there is.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

pub(super) struct Client {
    http: reqwest::Client,
    /// Ends with `/v1/`.
    base: Url,
    key: SecretString,
}

/// One call as it is made in each try.
enum Call {
    Get { url: Url },
    Post { url: Url, form: String, key: String },
}

/// A call that brought nothing.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: GatewayError,
    /// Whether Stripe looked at this very call and will not do it: then no earlier try with its key
    /// did it either.
    pub(super) is_verdict: bool,
    /// Whether the same call may still succeed.
    is_passing: bool,
    /// Whether it only says that there is no such object.
    is_missing: bool,
}

impl Client {
    /// Nothing when `base` is no address.
    pub(super) fn new(http: reqwest::Client, base: &str, key: SecretString) -> Option<Self> {
        let base = Url::parse(&format!("{}/v1/", base.trim_end_matches('/'))).ok()?;
        matches!(base.scheme(), "http" | "https").then_some(Self { http, base, key })
    }

    /// Whether what is sent is encrypted.
    pub(super) fn is_private(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Reads what is at `path`; nothing when Stripe has no such object.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &str,
    ) -> Result<Option<T>, GatewayError> {
        let mut url = self.url(path).map_err(|failure| failure.error)?;
        url.set_query(Some(query).filter(|it| !it.is_empty()));
        match self.run(path, &Call::Get { url }).await {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if failure.is_missing => Ok(None),
            Err(failure) => Err(failure.error),
        }
    }

    /// Has `form` done, or finds what an earlier call with `key` did.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: String,
        form: String,
    ) -> Result<T, Failure> {
        let call = Call::Post { url: self.url(path)?, form, key };
        self.run(path, &call).await
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        self.base.join(path).map_err(|_| Failure {
            error: GatewayError::Refused("there is no such address"),
            is_verdict: false,
            is_passing: false,
            is_missing: false,
        })
    }

    async fn run<T: DeserializeOwned>(&self, path: &str, call: &Call) -> Result<T, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(path, call).await {
                Ok(answer) => {
                    count("ok");
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            if !failure.is_passing || attempt == ATTEMPTS {
                count(failure.outcome());
                return Err(failure);
            }
            count("retried");
            tracing::info!(error = %failure.error, attempt, "Stripe call {path} is repeated");
            tokio::time::sleep(pause(attempt)).await;
            attempt += 1;
        }
    }

    async fn attempt<T: DeserializeOwned>(&self, path: &str, call: &Call) -> Result<T, Failure> {
        let response =
            self.request(call).send().await.map_err(|error| Failure::of_transport(&error))?;
        let (status, advice) = (response.status(), advice(&response));
        let request_id = text(&response, "request-id").unwrap_or_default().to_owned();
        let body = read(response).await?;
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|_| Failure::passing("the answer is not readable"));
        }
        let fault = serde_json::from_slice::<Refusal>(&body).unwrap_or_default().error;
        let failure = Failure::of_status(status, advice, &fault);
        if !failure.is_missing {
            tracing::warn!(
                http.status = status.as_u16(),
                stripe.request_id = request_id,
                error.kind = fault.kind,
                error.code = fault.code,
                error.param = fault.param,
                "Stripe refuses call {path}"
            );
        }
        Err(failure)
    }

    fn request(&self, call: &Call) -> RequestBuilder {
        let request = match call {
            Call::Get { url } => self.http.get(url.clone()),
            Call::Post { url, form, key } => self
                .http
                .post(url.clone())
                .header("idempotency-key", key)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone()),
        };
        request.bearer_auth(self.key.expose_secret()).header("stripe-version", VERSION)
    }
}

impl Failure {
    const fn passing(why: &'static str) -> Self {
        let error = GatewayError::Unavailable(why);
        Self { error, is_verdict: false, is_passing: true, is_missing: false }
    }

    fn of_transport(error: &reqwest::Error) -> Self {
        Self::passing(match error {
            error if error.is_timeout() => "it did not answer in time",
            error if error.is_connect() => "it cannot be reached",
            _ => "the connection broke",
        })
    }

    /// Stripe's advice counts most: it knows whether it has started on the call.
    fn of_status(status: StatusCode, advice: Option<bool>, fault: &Fault) -> Self {
        let overload = matches!(status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS);
        let code = fault.code.as_deref().unwrap_or_default();
        let is_reused = fault.kind == "idempotency_error" && status != StatusCode::CONFLICT;
        let is_limited = overload || code == "rate_limit";
        let error = match status {
            _ if is_reused => GatewayError::Refused("the reference was used for another call"),
            _ if is_limited => GatewayError::Unavailable("it is busy with another call"),
            _ if status.is_server_error() => GatewayError::Unavailable("it failed"),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                GatewayError::Refused("our key is not accepted")
            }
            _ if code == "charge_already_refunded" => {
                GatewayError::Refused("all of it was given back before")
            }
            _ => GatewayError::Refused("it does not accept the request"),
        };
        let usual = status == StatusCode::CONFLICT || status.is_server_error();
        let is_missing = status == StatusCode::NOT_FOUND && code == "resource_missing";
        let is_passing = advice.unwrap_or(usual) && !is_missing;
        let is_verdict = matches!(status.as_u16(), 400 | 402 | 404) && !is_reused && !is_limited;
        Self { error, is_verdict, is_passing, is_missing }
    }

    const fn outcome(&self) -> &'static str {
        match self.error {
            _ if self.is_missing => "missing",
            GatewayError::Refused(_) => "refused",
            GatewayError::Unavailable(_) => "unavailable",
        }
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
