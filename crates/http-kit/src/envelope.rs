use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The success half of the contract: `data`, and `meta` where there is something to say.
#[derive(Debug)]
pub struct Reply<T, M = ()> {
    status: StatusCode,
    data: T,
    meta: Option<M>,
}

impl<T> Reply<T> {
    /// 200 with `data` and no `meta`.
    pub fn new(data: T) -> Self {
        Self { status: StatusCode::OK, data, meta: None }
    }
}

impl<T, M> Reply<T, M> {
    /// The same with `meta`.
    pub fn with_meta<N>(self, meta: N) -> Reply<T, N> {
        self.with_meta_if_any(Some(meta))
    }

    /// The same with `meta` where there is something to say.
    pub fn with_meta_if_any<N>(self, meta: Option<N>) -> Reply<T, N> {
        Reply { status: self.status, data: self.data, meta }
    }

    /// The same with another status, such as 201.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

#[derive(Serialize)]
struct Body<T, M> {
    success: bool,
    data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<M>,
}

impl<T: Serialize, M: Serialize> IntoResponse for Reply<T, M> {
    fn into_response(self) -> Response {
        let Self { status, data, meta } = self;
        (status, Json(Body { success: true, data, meta })).into_response()
    }
}
