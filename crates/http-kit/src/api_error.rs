use std::error::Error;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::abuse::Ban;
use domain::fault::{Code, Fault, FaultClass, FieldFault};
use serde::Serialize;
use serde_json::{Value, json};

/// The failure half of the contract: a stable code, a sentence, and perhaps details.
///
/// `?` makes one from any [`Fault`]. A fault of class [`FaultClass::Internal`] is logged with its
/// causes at that moment, and the caller learns nothing but the code.
#[derive(Debug)]
pub struct ApiError {
    code: Code,
    message: String,
    details: Option<Value>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// The code with its default sentence.
    pub fn new(code: Code) -> Self {
        let message = code.default_message().to_owned();
        Self { code, message, details: None, retry_after: None }
    }

    /// A refusal that names the fields to blame.
    pub fn validation(fields: &[FieldFault]) -> Self {
        Self::new(Code::ValidationError).with_fields(fields)
    }

    /// Says it in other words.
    #[must_use]
    pub fn with_message(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// Adds what the contract lists as `details` of this code.
    #[must_use]
    pub fn with_details(self, details: impl Into<Value>) -> Self {
        Self { details: Some(details.into()), ..self }
    }

    /// Announces when a retry makes sense.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    fn with_ban(self, Ban { tier, until, left }: Ban) -> Self {
        let details = json!({
            "tier": tier.as_str(),
            "until": until,
            "retry_after_seconds": whole_seconds(left),
        });
        self.with_details(details).with_retry_after(left)
    }

    fn with_fields(self, fields: &[FieldFault]) -> Self {
        if fields.is_empty() {
            return self;
        }
        let list = fields.iter().map(|f| json!({ "field": f.field, "message": f.message }));
        self.with_details(list.collect::<Vec<_>>())
    }
}

impl<F: Fault> From<F> for ApiError {
    fn from(fault: F) -> Self {
        let code = fault.code();
        if code.class() == FaultClass::Internal {
            tracing::error!(error = chain(&fault), code = code.as_str(), "request failed");
            return Self::new(code);
        }
        let error = Self { retry_after: fault.retry_after(), ..Self::new(code) };
        let error = error.with_message(fault.public_message()).with_fields(&fault.fields());
        match fault.ban() {
            Some(ban) => error.with_ban(ban),
            None => error,
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    success: bool,
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Value>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = Inner {
            code: self.code.as_str(),
            message: &self.message,
            details: self.details.as_ref(),
        };
        let body = Json(Body { success: false, error });
        let mut response = (status(self.code), body).into_response();
        if let Some(after) = self.retry_after {
            let seconds = HeaderValue::from(whole_seconds(after));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// The HTTP status of each code; fixed by the contract.
pub const fn status(code: Code) -> StatusCode {
    match code {
        Code::Unauthorized => StatusCode::UNAUTHORIZED,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::ValidationError
        | Code::ProviderError
        | Code::NoOfferAvailable
        | Code::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::InsufficientBalance
        | Code::Conflict
        | Code::CancelTooEarly
        | Code::RequestInProgress => StatusCode::CONFLICT,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::RateLimitExceeded | Code::TempBannedAbuseGuard => StatusCode::TOO_MANY_REQUESTS,
        Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        Code::ServiceUnavailable | Code::FxRateUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Rounded up: a caller that waits exactly that long must not be too early.
fn whole_seconds(duration: Duration) -> u64 {
    let started = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(started)
}

/// The error and its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
