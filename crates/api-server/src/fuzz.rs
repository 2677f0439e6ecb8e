//! Readers of what callers say of themselves, for the crate that tries them on anything.

use axum::http::{HeaderMap, HeaderValue, header};
use domain::ids::EventSeq;

/// The token of a request with this header, whatever it is worth.
pub fn bearer(authorization: &str) -> Option<String> {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(authorization).ok()?);
    crate::auth::bearer(&headers).map(ToOwned::to_owned)
}

/// The place that a client names with `Last-Event-ID`.
pub fn place(text: &str) -> Option<EventSeq> {
    crate::live::place(text)
}
