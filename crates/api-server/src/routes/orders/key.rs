use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, request::Parts},
};
use domain::fault::Code;

use crate::openapi::{Schema, Sheet, Taken};

/// Carries the idempotency key.
pub(super) const KEY: &str = "idempotency-key";

/// The idempotency key as it came.
pub(crate) struct KeyHeader(Option<HeaderValue>);

impl KeyHeader {
    pub(super) const fn value(&self) -> Option<&HeaderValue> {
        self.0.as_ref()
    }
}

impl<S: Sync> FromRequestParts<S> for KeyHeader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(KEY).cloned()))
    }
}

impl Taken for KeyHeader {
    fn tell(sheet: &mut Sheet<'_>) {
        let about = "Names this purchase. The same key with the same request gives the first \
                     answer again and is charged once; kept for a day at least.";
        let schema = Schema::text().with("pattern", "^[A-Za-z0-9_-]{1,128}$");
        sheet.header("Idempotency-Key", about, schema);
        sheet.fails_with(Code::ValidationError);
    }
}
