use std::collections::BTreeMap;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// An error as the API prints it.
#[derive(Debug, Serialize)]
pub(super) struct HeleketError {
    #[serde(skip)]
    status: StatusCode,
    state: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, Vec<String>>,
}

impl HeleketError {
    fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, state: 1, message: Some(message), errors: BTreeMap::new() }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Invalid sign")
    }

    pub(super) fn no_such_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found")
    }

    pub(super) fn server() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Server error, #1")
    }

    pub(super) fn not_found() -> Self {
        Self::refused("Payment was not found")
    }

    /// The call is understood and cannot be done.
    pub(super) fn refused(message: &'static str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// The named members break the named rules.
    pub(super) fn invalid(errors: BTreeMap<String, Vec<String>>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, state: 1, message: None, errors }
    }
}

impl IntoResponse for HeleketError {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}
