use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::LazyLock,
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::openapi;

/// Nothing but what comes from here, no scripts in the page, and in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Long enough to spare both sides most requests, short enough for a new version to be seen.
const CACHE: &str = "public, max-age=300";

/// The document, and a page that shows it. Public: they say nothing that is not in the repository.
pub(crate) fn served<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/openapi.json", get(async |headers: HeaderMap| DOCUMENT.answer(&headers)))
        .route("/docs", get(async |headers: HeaderMap| PAGE.answer(&headers)))
        .route("/docs/page.js", get(async |headers: HeaderMap| SCRIPT.answer(&headers)))
        .route("/docs/page.css", get(async |headers: HeaderMap| STYLE.answer(&headers)))
}

static DOCUMENT: LazyLock<File> = LazyLock::new(|| File::new("application/json", openapi()));
static PAGE: LazyLock<File> =
    LazyLock::new(|| File::new("text/html; charset=utf-8", include_str!("page/page.html")));
static SCRIPT: LazyLock<File> =
    LazyLock::new(|| File::new("text/javascript; charset=utf-8", include_str!("page/page.js")));
static STYLE: LazyLock<File> =
    LazyLock::new(|| File::new("text/css; charset=utf-8", include_str!("page/page.css")));

/// Bytes that never change while the process lives.
struct File {
    media_type: &'static str,
    etag: String,
    bytes: Bytes,
}

impl File {
    fn new(media_type: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        // Tells versions apart; nobody gains by making two alike.
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self { media_type, etag: format!("\"{:016x}\"", hasher.finish()), bytes: text.into() }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.media_type),
            (header::CACHE_CONTROL, CACHE),
            (header::ETAG, &self.etag),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        let mut response = if self.is_known(asked) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.bytes.clone().into_response()
        };
        for (name, value) in headers {
            set(response.headers_mut(), name, value);
        }
        response
    }

    fn is_known(&self, asked: &HeaderMap) -> bool {
        let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        known.is_some_and(|known| {
            let mut tags = known.split(',').map(str::trim);
            tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == self.etag)
        })
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
