use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use domain::fault::Code;
use serde::de::DeserializeOwned;

use crate::ApiError;

/// Parameters of the path; an id that cannot be one names nothing, so it is 404.
#[derive(Debug, Clone, Copy)]
pub struct ValidPath<T>(pub T);

impl<S, T> FromRequestParts<S> for ValidPath<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error))
                if error.status().is_client_error() =>
            {
                Err(ApiError::new(Code::NotFound))
            }
            Err(rejection) => {
                tracing::error!(error = %rejection, "a route lacks a parameter its handler wants");
                Err(ApiError::new(Code::InternalError))
            }
        }
    }
}
