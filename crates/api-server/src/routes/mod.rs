//! The operations of the API. One set of handlers serves both versions of the contract, which
//! differ only in how they write money.

mod balance;
mod catalog;
pub(crate) mod face;
pub(crate) mod orders;
mod route;
mod webhook;

use Scope::{BalanceRead, CatalogRead, OrdersRead, OrdersWrite, WebhooksManage};
use axum::{Router, extract::FromRef as _, http::Method, middleware::from_fn_with_state};
use catalog::{countries, exchange_rate, operators, products, services};
use domain::identity::Scope;
use orders::{active, cancel, create, finish, reactivate, reactivate_options, resend, stream};
use webhook::{attempts, config, replay, test};

pub(crate) use route::{Declared, Version};
use route::{Route, both, get, patch, post, v1};

use crate::{
    auth::Callers,
    limits::{Meter, limited},
    openapi::{Place, served},
    state::AppState,
};

/// Every operation with what its caller's token must be good for.
fn all() -> impl Iterator<Item = Route> {
    [
        both("/balance", get(BalanceRead, balance::show, &balance::ABOUT)),
        both("/catalog/countries", get(CatalogRead, countries::list, &countries::ABOUT)),
        both("/catalog/services", get(CatalogRead, services::list, &services::ABOUT)),
        both("/catalog/operators", get(CatalogRead, operators::list, &operators::ABOUT)),
        both("/catalog/products", get(CatalogRead, products::list, &products::ABOUT)),
        both(
            "/catalog/exchange-rate",
            get(CatalogRead, exchange_rate::show, &exchange_rate::ABOUT),
        ),
        both("/orders/create", post(OrdersWrite, create::create, &create::ABOUT)),
        both("/orders", get(OrdersRead, orders::list::list, &orders::list::ABOUT)),
        both("/orders/active", get(OrdersRead, active::list, &active::ABOUT)),
        both("/orders/stream", get(OrdersRead, stream::open, &stream::ABOUT)),
        both("/orders/{id}", get(OrdersRead, orders::get::show, &orders::get::ABOUT)),
        both("/orders/cancel", post(OrdersWrite, cancel::cancel, &cancel::ABOUT)),
        both("/orders/finish", post(OrdersWrite, finish::finish, &finish::ABOUT)),
        both("/orders/resend", post(OrdersWrite, resend::resend, &resend::ABOUT)),
        both("/orders/reactivate", post(OrdersWrite, reactivate::reactivate, &reactivate::ABOUT)),
        both(
            "/orders/{id}/reactivate-options",
            get(OrdersRead, reactivate_options::show, &reactivate_options::ABOUT),
        ),
        both("/webhook", get(WebhooksManage, config::show, &config::SHOW)),
        both("/webhook", patch(WebhooksManage, config::update, &config::UPDATE)),
        both("/webhook/test", post(WebhooksManage, test::send, &test::ABOUT)),
        v1("/webhook/attempts", get(WebhooksManage, attempts::list, &attempts::ABOUT)),
        v1("/webhook/replay", post(WebhooksManage, replay::replay, &replay::ABOUT)),
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

/// Every route with what the document says of it.
pub(crate) fn places() -> impl Iterator<Item = Place> {
    all().map(Route::place)
}

/// All routes, each counted, and beside them the document; without the layers around them.
pub fn router(state: AppState) -> Router {
    let limited = from_fn_with_state((Callers::from_ref(&state), Meter::from_ref(&state)), limited);
    let routes = all().fold(Router::new(), |router, route| route.add_to(router));
    routes.layer(limited).merge(served()).with_state(state)
}
