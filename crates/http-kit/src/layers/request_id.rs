use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Long enough for any tracing system's ids, short enough for every log line.
const LONGEST: usize = 128;

/// The id under which a request is found in the logs; in the extensions of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id as it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The caller's own id if it is sane, else a random one.
    fn of(headers: &HeaderMap) -> Self {
        let own =
            headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_sane(id));
        Self(own.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned))
    }
}

/// Anything else could forge log lines or break what reads them.
fn is_sane(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(fits)
}

/// Puts the id where handlers, logs and the caller find it.
pub(super) async fn tag(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let header = HeaderValue::from_str(id.as_str()).ok();
    if let Some(value) = &header {
        request.headers_mut().insert(HEADER, value.clone());
    }
    request.extensions_mut().insert(id);
    let mut response = next.run(request).await;
    if let Some(value) = header {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
