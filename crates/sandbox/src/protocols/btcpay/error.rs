use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;

/// An error as the server prints it.
#[derive(Debug)]
pub(super) enum ApiError {
    /// What is wrong with the body.
    Invalid(Vec<Invalid>),
    /// One code and a sentence.
    Code(StatusCode, &'static str, &'static str),
}

/// One member that cannot stay.
#[derive(Debug, Serialize)]
pub(super) struct Invalid {
    path: &'static str,
    message: String,
}

impl Invalid {
    pub(super) fn new(path: &'static str, message: &str) -> Self {
        Self { path, message: message.to_owned() }
    }
}

impl ApiError {
    pub(super) const UNAUTHENTICATED: Self = Self::Code(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "Authentication is required for accessing this endpoint",
    );
    pub(super) const FORBIDDEN: Self = Self::Code(
        StatusCode::FORBIDDEN,
        "missing-permission",
        "Insufficient API Permissions for this store",
    );
    pub(super) const NO_INVOICE: Self =
        Self::Code(StatusCode::NOT_FOUND, "invoice-not-found", "The invoice was not found");
    pub(super) const NO_PULL_PAYMENT: Self = Self::Code(
        StatusCode::NOT_FOUND,
        "pullpayment-not-found",
        "The pull payment was not found",
    );
    pub(super) const NO_ROUTE: Self =
        Self::Code(StatusCode::NOT_FOUND, "not-found", "There is nothing here");
    pub(super) const BROKEN: Self = Self::Code(
        StatusCode::INTERNAL_SERVER_ERROR,
        "generic-error",
        "An error occurred while handling the request",
    );

    /// One member of the body is wrong.
    pub(super) fn invalid(path: &'static str, message: &str) -> Self {
        Self::Invalid(vec![Invalid::new(path, message)])
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(members) => (StatusCode::BAD_REQUEST, Json(members)).into_response(),
            Self::Code(status, code, message) => {
                (status, Json(json!({ "code": code, "message": message }))).into_response()
            }
        }
    }
}
