use axum::{
    Extension, Router,
    handler::Handler,
    http::Method,
    routing::{self, MethodRouter},
};
use domain::identity::Scope;

use super::Published;
use crate::state::AppState;

/// Which of the two contracts a route belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Money is whole rupiah.
    V1,
    /// Money is dollars beside rupiah.
    V2,
}

impl Version {
    const fn prefix(self) -> &'static str {
        match self {
            Self::V1 => "/v1",
            Self::V2 => "/v2",
        }
    }
}

/// What the table says of a route; in the extensions of each request to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) version: Version,
    /// What the caller's token must be good for.
    pub(crate) scope: Scope,
}

/// A handler with its method. There is no way to make one without saying who may call it.
#[derive(Clone)]
pub(super) struct Entry {
    method: Method,
    scope: Scope,
    handler: MethodRouter<AppState>,
}

/// Reads.
pub(super) fn get<T: 'static>(scope: Scope, handler: impl Handler<T, AppState>) -> Entry {
    Entry { method: Method::GET, scope, handler: routing::get(handler) }
}

/// Does something.
pub(super) fn post<T: 'static>(scope: Scope, handler: impl Handler<T, AppState>) -> Entry {
    Entry { method: Method::POST, scope, handler: routing::post(handler) }
}

/// Changes something in parts.
pub(super) fn patch<T: 'static>(scope: Scope, handler: impl Handler<T, AppState>) -> Entry {
    Entry { method: Method::PATCH, scope, handler: routing::patch(handler) }
}

/// An entry at its place. Routes are listed before they are built, so that a test can ask of each
/// of them who may call it.
pub(super) struct Route {
    version: Version,
    path: &'static str,
    entry: Entry,
}

/// The same in both versions.
pub(super) fn both(path: &'static str, entry: Entry) -> Vec<Route> {
    let second = Route { version: Version::V2, path, entry: entry.clone() };
    vec![Route { version: Version::V1, path, entry }, second]
}

/// In the first version only.
pub(super) fn v1(path: &'static str, entry: Entry) -> Vec<Route> {
    vec![Route { version: Version::V1, path, entry }]
}

impl Route {
    fn full_path(&self) -> String {
        format!("{}{}", self.version.prefix(), self.path)
    }

    pub(super) fn publish(self) -> Published {
        let path = self.full_path();
        Published { method: self.entry.method, path, scope: self.entry.scope }
    }

    pub(super) fn add_to(self, router: Router<AppState>) -> Router<AppState> {
        let declared = Declared { version: self.version, scope: self.entry.scope };
        let path = self.full_path();
        router.route(&path, self.entry.handler.route_layer(Extension(declared)))
    }
}
