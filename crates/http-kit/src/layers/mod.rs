//! What happens around every handler, outermost first: request id, trace and metrics, panics,
//! time limit, size limit.

mod client_ip;
mod observe;
mod outcome;
mod request_id;

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use domain::fault::Code;
use tower_http::catch_panic::CatchPanicLayer;

use crate::ApiError;

pub use client_ip::{ClientIp, with_client_ip};
pub use request_id::RequestId;

/// Bounds of a single request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// Longest time until the response begins; a stream may go on after that.
    pub time: Duration,
}

impl Default for Limits {
    /// One mebibyte, as published, and 30 seconds.
    fn default() -> Self {
        Self { body_bytes: 1024 * 1024, time: Duration::from_secs(30) }
    }
}

/// Wraps the finished router, so call it last: it answers unknown paths and methods, and gives
/// every response its id, its log line and its metrics.
pub fn standard(router: Router, limits: Limits) -> Router {
    router
        .fallback(async || ApiError::new(Code::NotFound))
        .method_not_allowed_fallback(outcome::method_not_allowed)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(limits, outcome::bounded_body))
        .layer(from_fn_with_state(limits, outcome::bounded_time))
        .layer(CatchPanicLayer::custom(outcome::Panicked))
        .layer(from_fn(observe::observe))
        .layer(from_fn(request_id::tag))
}
