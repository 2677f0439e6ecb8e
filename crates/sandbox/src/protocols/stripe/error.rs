use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// An error as the Stripe API prints it.
#[derive(Debug, Serialize)]
pub(super) struct StripeError {
    #[serde(skip)]
    status: StatusCode,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
}

impl StripeError {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, message: message.into(), param: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    pub(super) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message)
    }

    pub(super) fn api() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "api_error",
            "An unknown error occurred while handling the request.",
        )
    }

    pub(super) fn rate_limit() -> Self {
        let message = "Request rate limit exceeded.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "invalid_request_error", message)
            .code("rate_limit")
    }

    pub(super) fn missing(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}."))
            .code("parameter_missing")
            .param(param)
    }

    /// `what` is the object's kind, such as `checkout.session`.
    pub(super) fn no_such(what: &str, id: &str, param: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::invalid(format!("No such {what}: '{id}'")).code("resource_missing").param(param)
        }
    }

    pub(super) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for StripeError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Envelope {
            error: StripeError,
        }
        (self.status, Json(Envelope { error: self })).into_response()
    }
}
