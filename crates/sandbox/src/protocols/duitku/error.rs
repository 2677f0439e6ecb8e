use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error as the API prints it.
#[derive(Debug)]
pub(super) struct DuitkuError {
    status: StatusCode,
    message: &'static str,
}

impl DuitkuError {
    pub(super) const fn bad_request(message: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message }
    }

    pub(super) const fn wrong_signature() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, message: "Wrong signature" }
    }

    pub(super) const fn not_found(message: &'static str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message }
    }

    pub(super) const fn conflict(message: &'static str) -> Self {
        Self { status: StatusCode::CONFLICT, message }
    }

    pub(super) const fn server() -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: "An error has occurred." }
    }
}

impl IntoResponse for DuitkuError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "Message": self.message }))).into_response()
    }
}
