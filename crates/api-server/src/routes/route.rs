use axum::{
    Extension, Router,
    handler::Handler,
    http::Method,
    routing::{self, MethodRouter},
};
use domain::identity::Scope;

use super::Published;
use crate::{
    openapi::{About, Place, Sheet, Signature},
    state::AppState,
};

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

/// A handler with its method. There is no way to make one without saying who may call it and what
/// it is for.
#[derive(Clone)]
pub(super) struct Entry {
    method: Method,
    scope: Scope,
    handler: MethodRouter<AppState>,
    about: &'static About,
    tell: fn(&mut Sheet<'_>),
}

/// Reads.
pub(super) fn get<T: 'static, H>(scope: Scope, handler: H, about: &'static About) -> Entry
where
    H: Handler<T, AppState> + Signature<T>,
{
    Entry { method: Method::GET, scope, handler: routing::get(handler), about, tell: H::tell }
}

/// Does something.
pub(super) fn post<T: 'static, H>(scope: Scope, handler: H, about: &'static About) -> Entry
where
    H: Handler<T, AppState> + Signature<T>,
{
    Entry { method: Method::POST, scope, handler: routing::post(handler), about, tell: H::tell }
}

/// Changes something in parts.
pub(super) fn patch<T: 'static, H>(scope: Scope, handler: H, about: &'static About) -> Entry
where
    H: Handler<T, AppState> + Signature<T>,
{
    Entry { method: Method::PATCH, scope, handler: routing::patch(handler), about, tell: H::tell }
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

    pub(super) fn place(self) -> Place {
        let path = self.full_path();
        let Entry { method, scope, about, tell, .. } = self.entry;
        Place { version: self.version, path, method, scope, about, tell }
    }

    pub(super) fn add_to(self, router: Router<AppState>) -> Router<AppState> {
        let declared = Declared { version: self.version, scope: self.entry.scope };
        let path = self.full_path();
        router.route(&path, self.entry.handler.route_layer(Extension(declared)))
    }
}
