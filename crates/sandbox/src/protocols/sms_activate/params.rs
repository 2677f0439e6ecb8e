use axum::{
    body::to_bytes,
    extract::Request,
    http::{header::CONTENT_TYPE, request::Parts},
};
use url::form_urlencoded;

/// Far above any real request of this protocol.
const BODY_LIMIT: usize = 64 * 1024;

/// The parameters of one call, from the query first and then from a form body.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Clients send empty bodies under all kinds of content types, so only one that says it is a
    /// form is read. Nothing comes back when that body is too long or breaks off.
    pub(super) async fn read(request: Request) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let mut params = Self(Vec::new());
        params.extend(parts.uri.query().unwrap_or("").as_bytes());
        if is_form(&parts) {
            params.extend(&to_bytes(body, BODY_LIMIT).await.ok()?);
        }
        Some(params)
    }

    /// The first non-empty value of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// One client sends names with a trailing blank, hence the trimming.
    fn extend(&mut self, encoded: &[u8]) {
        let pairs = form_urlencoded::parse(encoded);
        self.0.extend(pairs.map(|(name, value)| (name.trim().to_owned(), value.into_owned())));
    }
}

fn is_form(parts: &Parts) -> bool {
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}
