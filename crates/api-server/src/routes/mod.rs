mod v1;

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodRouter, get, post},
};

use crate::state::AppState;

/// One entry of the API. Routes are listed before they are built, so that a test can ask of each
/// of them who may call it.
pub(crate) struct Route {
    method: Method,
    path: &'static str,
    handler: MethodRouter<AppState>,
}

impl Route {
    fn get<H: Handler<T, AppState>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self { method: Method::GET, path, handler: get(handler) }
    }

    fn post<H: Handler<T, AppState>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self { method: Method::POST, path, handler: post(handler) }
    }
}

fn all() -> impl Iterator<Item = Route> {
    v1::routes().into_iter()
}

/// Method and path of every route.
pub fn published() -> Vec<(Method, &'static str)> {
    all().map(|route| (route.method, route.path)).collect()
}

/// All routes, without the layers around them.
pub fn router(state: AppState) -> Router {
    all()
        .fold(Router::new(), |router, route| router.route(route.path, route.handler))
        .with_state(state)
}
