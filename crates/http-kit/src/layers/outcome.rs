//! Answers that no handler gives: too large, too slow, panicked, wrong method.

use std::any::Any;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::fault::Code;
use http_body_util::Limited;
use metrics::counter;
use tokio::time::timeout;
use tower_http::catch_panic::ResponseForPanic;

use super::Limits;
use crate::ApiError;

/// The published codes have none for a wrong method; the status says it, the code that the pair
/// of path and method does not exist.
pub(super) async fn method_not_allowed() -> Response {
    let error = ApiError::new(Code::NotFound).with_message("This path does not take this method");
    (StatusCode::METHOD_NOT_ALLOWED, error).into_response()
}

/// Refuses an announced size at once and a longer body when it passes the limit.
pub(super) async fn bounded_body(
    State(limits): State<Limits>,
    request: Request,
    next: Next,
) -> Response {
    if announced_bytes(request.headers()).is_some_and(|bytes| bytes > limits.body_bytes) {
        return ApiError::new(Code::PayloadTooLarge).into_response();
    }
    next.run(request.map(|body| Body::new(Limited::new(body, limits.body_bytes)))).await
}

fn announced_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Gives up on a handler that takes too long to begin its response.
pub(super) async fn bounded_time(
    State(limits): State<Limits>,
    request: Request,
    next: Next,
) -> Response {
    timeout(limits.time, next.run(request)).await.unwrap_or_else(|_| {
        counter!("http_timeouts_total").increment(1);
        tracing::warn!("request took too long and was given up");
        ApiError::new(Code::ServiceUnavailable).into_response()
    })
}

/// Answers in place of a handler that panicked.
#[derive(Clone)]
pub(super) struct Panicked;

impl ResponseForPanic for Panicked {
    type ResponseBody = Body;

    /// The text of the panic is left to the process's panic hook; it may hold anything.
    fn response_for_panic(&mut self, _: Box<dyn Any + Send>) -> Response {
        counter!("http_panics_total").increment(1);
        tracing::error!("the handler panicked");
        ApiError::new(Code::InternalError).into_response()
    }
}
