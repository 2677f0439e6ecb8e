//! The operations of the API. One set of handlers serves both versions of the contract, which
//! differ only in how they write money.

mod balance;
mod catalog;
mod face;
mod orders;
mod route;
mod webhook;

use Scope::{BalanceRead, CatalogRead, OrdersRead, OrdersWrite, WebhooksManage};
use axum::{Router, extract::FromRef as _, http::Method, middleware::from_fn_with_state};
use domain::identity::Scope;

pub(crate) use route::Declared;
use route::{Route, both, get, patch, post, v1};

use crate::{
    auth::Callers,
    limits::{Meter, limited},
    state::AppState,
};

/// Every operation with what its caller's token must be good for.
fn all() -> impl Iterator<Item = Route> {
    [
        both("/balance", get(BalanceRead, balance::show)),
        both("/catalog/countries", get(CatalogRead, catalog::countries::list)),
        both("/catalog/services", get(CatalogRead, catalog::services::list)),
        both("/catalog/operators", get(CatalogRead, catalog::operators::list)),
        both("/catalog/products", get(CatalogRead, catalog::products::list)),
        both("/catalog/exchange-rate", get(CatalogRead, catalog::exchange_rate::show)),
        both("/orders/create", post(OrdersWrite, orders::create::create)),
        both("/orders", get(OrdersRead, orders::list::list)),
        both("/orders/active", get(OrdersRead, orders::active::list)),
        both("/orders/stream", get(OrdersRead, orders::stream::open)),
        both("/orders/{id}", get(OrdersRead, orders::get::show)),
        both("/orders/cancel", post(OrdersWrite, orders::cancel::cancel)),
        both("/orders/finish", post(OrdersWrite, orders::finish::finish)),
        both("/orders/resend", post(OrdersWrite, orders::resend::resend)),
        both("/orders/reactivate", post(OrdersWrite, orders::reactivate::reactivate)),
        both("/orders/{id}/reactivate-options", get(OrdersRead, orders::reactivate_options::show)),
        both("/webhook", get(WebhooksManage, webhook::config::show)),
        both("/webhook", patch(WebhooksManage, webhook::config::update)),
        both("/webhook/test", post(WebhooksManage, webhook::test::send)),
        v1("/webhook/attempts", get(WebhooksManage, webhook::attempts::list)),
        v1("/webhook/replay", post(WebhooksManage, webhook::replay::replay)),
    ]
    .into_iter()
    .flatten()
}

/// A route as the outside knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// How it is asked.
    pub method: Method,
    /// Where, with its parameters in braces.
    pub path: String,
    /// What a token must be good for.
    pub scope: Scope,
}

/// Every route.
pub fn published() -> Vec<Published> {
    all().map(Route::publish).collect()
}

/// All routes, each counted, without the layers around them.
pub fn router(state: AppState) -> Router {
    let limited = from_fn_with_state((Callers::from_ref(&state), Meter::from_ref(&state)), limited);
    let routes = all().fold(Router::new(), |router, route| route.add_to(router));
    routes.layer(limited).with_state(state)
}
