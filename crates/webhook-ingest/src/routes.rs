//! The two paths that outsiders know.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::{
    fault::{Code, Fault},
    gateways::VerifyError,
    topups::record::{RecordError, RecordPayment},
};
use http_kit::{ApiError, RawBody, Reply, ValidPath};
use metrics::counter;

use crate::sms::{Call, SmsDesk};

/// What the paths lead to.
#[derive(Clone)]
pub struct Ingest {
    /// Takes providers' callbacks.
    pub sms: SmsDesk,
    /// Takes Stripe's notifications; without it the path does not exist.
    pub stripe: Option<RecordPayment>,
}

/// The paths themselves, without health and layers.
pub fn router(ingest: Ingest) -> Router {
    let sms = Router::new().route("/sms/{secret}", get(receive).post(receive));
    let router = sms.with_state(ingest.sms);
    match ingest.stripe {
        Some(record) => router.merge(Router::new().route("/stripe", post(pay)).with_state(record)),
        None => router,
    }
}

async fn receive(
    State(desk): State<SmsDesk>,
    ValidPath(secret): ValidPath<String>,
    parts: Parts,
    RawBody(body): RawBody,
) -> Result<Reply<()>, ApiError> {
    let query = parts.uri.query().unwrap_or_default();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.ip());
    let call = Call { secret: &secret, query, body: &body, peer, headers: &parts.headers };
    desk.receive(&call).await?;
    Ok(Reply::new(()))
}

/// Stripe repeats what is not answered with 2xx, for days: a refused signature gets 400, trouble
/// of ours 5xx.
async fn pay(
    State(record): State<RecordPayment>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Response {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    let recorded = record.execute(&text, &body).await;
    let outcome = match &recorded {
        Ok(()) => "stored",
        Err(RecordError::Verify(error)) => refusal(*error),
        Err(RecordError::Store(_)) => "failed",
    };
    counter!("payment_callbacks_total", "gateway" => "stripe", "outcome" => outcome).increment(1);
    match recorded {
        Ok(()) => Reply::new(()).into_response(),
        Err(error @ RecordError::Verify(_)) => {
            tracing::warn!(%error, "notification of Stripe refused: {error}");
            let error = ApiError::new(Code::ValidationError).with_message(error.public_message());
            (StatusCode::BAD_REQUEST, error).into_response()
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

const fn refusal(error: VerifyError) -> &'static str {
    match error {
        VerifyError::Malformed => "malformed",
        VerifyError::Mismatch => "mismatch",
        VerifyError::Stale => "stale",
        VerifyError::WrongMode => "wrong_mode",
        VerifyError::Unreadable => "unreadable",
    }
}
