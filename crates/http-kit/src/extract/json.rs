use axum::extract::{FromRequest, Request};
use domain::fault::FieldFault;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{RawBody, wording};
use crate::ApiError;

const MALFORMED: &str = "is not valid JSON";

/// A JSON object, whatever its content type claims.
#[derive(Debug, Clone, Copy)]
pub struct ValidJson<T>(pub T);

impl<S, T> FromRequest<S> for ValidJson<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let RawBody(body) = RawBody::from_request(request, state).await?;
        parse(&body).map(Self)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // serde would also fill a struct from a list, which no published schema allows.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(about_body("must be a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        match error.inner().classify() {
            Category::Data => {
                ApiError::validation(&[wording::fault(&path, &error.inner().to_string())])
            }
            Category::Io | Category::Syntax | Category::Eof => about_body(MALFORMED),
        }
    })?;
    deserializer.end().map_err(|_| about_body(MALFORMED))?;
    Ok(value)
}

fn about_body(message: &str) -> ApiError {
    ApiError::validation(&[FieldFault::new("body", message)])
}
