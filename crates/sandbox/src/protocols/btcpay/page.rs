use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};

use super::{acts::Coins, method::Method};
use crate::world::App;

/// The page an invoice's link leads to: what there is to pay, and a button that pays it.
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Response {
    let world = app.world();
    let desk = world.btcpay.desk();
    let Some(invoice) = desk.invoices.get(&id) else {
        return (StatusCode::NOT_FOUND, "no such invoice").into_response();
    };
    // Nothing here needs escaping: the currency is one of those with a rate.
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><title>Sandbox invoice</title>\
         <h1>Sandbox invoice</h1><p>{} BTC due for {} {}, {:?}.</p>\
         <form method=\"post\"><button>Pay</button></form></html>",
        invoice.due(Method::Chain),
        invoice.currency,
        invoice.amount.map_or_else(|| "any amount".to_owned(), |amount| amount.to_string()),
        invoice.status
    ))
    .into_response()
}

/// Pays the invoice, with a confirmation, and sends the payer back to the shop.
pub(crate) async fn pay(State(app): State<App>, Path(id): Path<String>) -> Response {
    let btcpay = Arc::clone(&app.world().btcpay);
    let Ok(events) = btcpay.pay(&id, &Coins::default()) else {
        return (StatusCode::CONFLICT, "this invoice cannot be paid").into_response();
    };
    let how = btcpay.usual_delivery();
    for event in events {
        btcpay.dispatch(event, how);
    }
    let target = btcpay.desk().invoices.get(&id).and_then(|invoice| {
        let order = invoice.order_id().unwrap_or_default();
        let redirect = invoice.checkout.redirect_url.as_deref()?;
        Some(redirect.replace("{OrderId}", order).replace("{InvoiceId}", &id))
    });
    let target = target.unwrap_or_else(|| format!("/i/{id}"));
    if target.bytes().any(|byte| byte.is_ascii_control()) {
        return (StatusCode::CONFLICT, "the redirect URL is not a URL").into_response();
    }
    Redirect::to(&target).into_response()
}
