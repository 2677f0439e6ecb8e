use axum::{
    Json,
    body::to_bytes,
    extract::{FromRequest, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const BODY_LIMIT: usize = 1024 * 1024;

/// A JSON body under any content type; an empty one counts as `{}`.
pub(super) struct Input<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Self::Rejection> {
        let body = to_bytes(request.into_body(), BODY_LIMIT).await;
        let body = body.map_err(|error| ControlError::bad_request(error.to_string()))?;
        let body = if body.is_empty() { b"{}".as_slice() } else { &body };
        let input = serde_json::from_slice(body);
        input.map(Self).map_err(|error| ControlError::bad_request(error.to_string()))
    }
}

/// A JSON reply with status 200.
pub(super) struct Answer(pub(super) Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

/// `{"error": …}` with the matching status.
pub(super) struct ControlError {
    status: StatusCode,
    message: String,
}

impl ControlError {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.into() }
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, message: message.into() }
    }

    pub(super) fn method() -> Self {
        let message = "this control takes another method".to_owned();
        Self { status: StatusCode::METHOD_NOT_ALLOWED, message }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}
