use axum::extract::{FromRequest, Request};
use domain::fault::{Code, FieldFault};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{RawBody, wording};
use crate::ApiError;

/// A JSON body, whatever its content type claims.
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
    if body.is_empty() {
        let error = ApiError::new(Code::ValidationError);
        return Err(error.with_message("A JSON body is required"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        match error.inner().classify() {
            Category::Data => {
                ApiError::validation(&[wording::fault(&path, &error.inner().to_string())])
            }
            Category::Io | Category::Syntax | Category::Eof => malformed(),
        }
    })?;
    deserializer.end().map_err(|_| malformed())?;
    Ok(value)
}

fn malformed() -> ApiError {
    ApiError::validation(&[FieldFault::new("body", "is not valid JSON")])
}
