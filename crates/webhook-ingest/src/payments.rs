//! Notifications of payment gateways, which differ in how they want to be answered.

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::{
    fault::{Code, Fault as _},
    gateways::VerifyError,
    ledger::Gateway,
    topups::record::{RecordError, RecordNotice},
};
use http_kit::{ApiError, RawBody, Reply};
use metrics::counter;

/// Takes the notifications of one gateway.
#[derive(Clone)]
pub struct PaymentDesk {
    gateway: Gateway,
    record: RecordNotice,
}

impl PaymentDesk {
    /// A desk for what `record` verifies.
    pub const fn new(gateway: Gateway, record: RecordNotice) -> Self {
        Self { gateway, record }
    }

    /// Its path: the name of the gateway.
    pub(crate) fn routes(self) -> Router {
        let path = format!("/{}", self.gateway.code());
        Router::new().route(&path, post(take)).with_state(self)
    }
}

/// What a gateway is told when a notification is not genuine. All repeat, for longer or shorter,
/// what was answered with 5xx, and that is what they get when storing fails.
const fn refused(gateway: Gateway, error: VerifyError) -> StatusCode {
    match (gateway, error) {
        // Repeats nothing that was answered so.
        (Gateway::Btcpay, VerifyError::Malformed | VerifyError::Mismatch) => {
            StatusCode::UNAUTHORIZED
        }
        _ => StatusCode::BAD_REQUEST,
    }
}

async fn take(
    State(desk): State<PaymentDesk>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Response {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    let recorded = desk.record.execute(&text, &body).await;
    let gateway = desk.gateway.code();
    let outcome = match &recorded {
        Ok(()) => "stored",
        Err(RecordError::Verify(error)) => name(*error),
        Err(RecordError::Store(_)) => "failed",
    };
    counter!("payment_callbacks_total", "gateway" => gateway, "outcome" => outcome).increment(1);
    match recorded {
        Ok(()) => Reply::new(()).into_response(),
        Err(RecordError::Verify(error)) => {
            tracing::warn!(gateway, %error, "notification of {gateway} refused: {error}");
            let told = RecordError::Verify(error).public_message();
            let body = ApiError::new(Code::ValidationError).with_message(told);
            (refused(desk.gateway, error), body).into_response()
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

const fn name(error: VerifyError) -> &'static str {
    match error {
        VerifyError::Malformed => "malformed",
        VerifyError::Mismatch => "mismatch",
        VerifyError::Stale => "stale",
        VerifyError::WrongMode => "wrong_mode",
        VerifyError::Unreadable => "unreadable",
    }
}
