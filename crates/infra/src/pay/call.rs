//! Calls to gateways, repeated where that is safe.

use std::time::Duration;

use aws_lc_rs::rand;
use domain::{gateways::GatewayError, ledger::Gateway};
use metrics::counter;
use reqwest::{RequestBuilder, StatusCode};

/// Tries of one call. A customer waits for it.
const ATTEMPTS: u32 = 3;
/// The first pause, and the least of any.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Far above anything that a gateway says of one payment.
const BODY_LIMIT: usize = 256 * 1024;

/// One try that brought nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    error: GatewayError,
    /// Whether the same call may still succeed.
    is_passing: bool,
    /// Whether the gateway cannot have heard of it.
    is_unsent: bool,
}

impl Failure {
    /// Worth another try.
    pub(super) const fn passing(why: &'static str) -> Self {
        Self { error: GatewayError::Unavailable(why), is_passing: true, is_unsent: false }
    }

    /// Trying again brings nothing.
    pub(super) const fn refused(why: &'static str) -> Self {
        Self { error: GatewayError::Refused(why), is_passing: false, is_unsent: false }
    }

    /// For calls of which a second could do something else than the first.
    pub(super) const fn only_if_unsent(self) -> Self {
        Self { is_passing: self.is_passing && self.is_unsent, ..self }
    }

    fn of_transport(error: &reqwest::Error) -> Self {
        let failure = Self::passing(match error {
            error if error.is_timeout() => "it did not answer in time",
            error if error.is_connect() => "it cannot be reached",
            _ => "the connection broke",
        });
        Self { is_unsent: error.is_connect(), ..failure }
    }

    /// What a status that is no success usually means.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status {
            // Whoever asks too often is shut out for longer by asking again.
            StatusCode::TOO_MANY_REQUESTS => {
                Self { is_passing: false, ..Self::passing("it is busy") }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Self::refused("our key is not accepted")
            }
            StatusCode::REQUEST_TIMEOUT => Self::passing("it failed"),
            _ if status.is_server_error() => Self::passing("it failed"),
            _ => Self::refused("it does not accept the request"),
        }
    }
}

/// Sends `request` and reads the answer, whatever it is.
pub(super) async fn exchange(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Failure> {
    let (status, body) = exchange_start(request, BODY_LIMIT.saturating_add(1)).await?;
    // Whatever the other side says how long it is.
    if body.len() > BODY_LIMIT {
        return Err(Failure::passing("the answer is too long"));
    }
    Ok((status, body))
}

/// The same for answers of which the first `limit` bytes are enough.
pub(super) async fn exchange_start(
    request: RequestBuilder,
    limit: usize,
) -> Result<(StatusCode, Vec<u8>), Failure> {
    let broken = |error: reqwest::Error| Failure::of_transport(&error);
    let mut response = request.send().await.map_err(broken)?;
    let mut body = Vec::new();
    while body.len() < limit
        && let Some(chunk) = response.chunk().await.map_err(broken)?
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(limit);
    Ok((response.status(), body))
}

/// Tries until there is an answer, or none to hope for. The same call twice must do no more than
/// once.
pub(super) async fn repeating<T, F>(
    gateway: Gateway,
    mut attempt: impl FnMut() -> F + Send,
) -> Result<T, GatewayError>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let mut tried = 1;
    loop {
        let failure = match attempt().await {
            Ok(answer) => {
                count(gateway, "ok");
                return Ok(answer);
            }
            Err(failure) => failure,
        };
        if !failure.is_passing || tried == ATTEMPTS {
            let refused = matches!(failure.error, GatewayError::Refused(_));
            count(gateway, if refused { "refused" } else { "unavailable" });
            return Err(failure.error);
        }
        count(gateway, "retried");
        tracing::info!(
            gateway = gateway.code(), error = %failure.error, attempt = tried,
            "call to {} is repeated", gateway.code()
        );
        tokio::time::sleep(pause(tried)).await;
        tried += 1;
    }
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

fn count(gateway: Gateway, outcome: &'static str) {
    counter!("gateway_calls_total", "gateway" => gateway.code(), "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests;
