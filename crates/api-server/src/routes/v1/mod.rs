//! Version 1 of the contract: money is whole rupiah.

mod balance;
mod catalog;
mod orders;

use super::Route;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/balance", balance::show),
        Route::get("/v1/catalog/countries", catalog::countries::list),
        Route::get("/v1/catalog/services", catalog::services::list),
        Route::get("/v1/catalog/operators", catalog::operators::list),
        Route::get("/v1/catalog/products", catalog::products::list),
        Route::get("/v1/catalog/exchange-rate", catalog::exchange_rate::show),
        Route::post("/v1/orders/create", orders::create::create),
        Route::get("/v1/orders", orders::list::list),
        Route::get("/v1/orders/active", orders::active::list),
        Route::get("/v1/orders/stream", orders::stream::open),
        Route::get("/v1/orders/{id}", orders::get::show),
        Route::post("/v1/orders/cancel", orders::cancel::cancel),
        Route::post("/v1/orders/finish", orders::finish::finish),
        Route::post("/v1/orders/resend", orders::resend::resend),
    ]
}
