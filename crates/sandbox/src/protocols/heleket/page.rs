use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::Pay;
use crate::{
    protocols::gateway::{PayKind, Sending, Teller as _},
    world::App,
};

/// The page an invoice's URL leads to: what there is to pay, and buttons that pay it.
pub(crate) async fn show(State(app): State<App>, Path(uuid): Path<String>) -> Response {
    let world = app.world();
    let desk = world.heleket.desk();
    let Some(invoice) = desk.invoices.get(&uuid) else {
        return (StatusCode::NOT_FOUND, "no such invoice").into_response();
    };
    // Nothing here needs escaping: currencies are capital letters, the rest is ours.
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><title>Sandbox invoice</title>\
         <h1>Sandbox invoice</h1><p>{} {}, {} received, {}.</p>\
         <form method=\"post\"><button name=\"kind\" value=\"exact\">Pay</button> \
         <button name=\"kind\" value=\"under\">Pay less</button> \
         <button name=\"kind\" value=\"over\">Pay more</button> \
         <button name=\"kind\" value=\"second\">Pay again</button></form></html>",
        invoice.order.amount,
        invoice.order.currency,
        invoice.received(),
        invoice.status.name()
    ))
    .into_response()
}

#[derive(Deserialize)]
pub(crate) struct Choice {
    kind: PayKind,
}

/// Pays the invoice and sends the payer back to the shop, or to the page when that has no URL.
pub(crate) async fn pay(
    State(app): State<App>,
    Path(uuid): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let heleket = std::sync::Arc::clone(&app.world().heleket);
    let pay = Pay { kind: choice.kind, ..Pay::default() };
    let Ok(callbacks) = heleket.pay(&uuid, &pay) else {
        return (StatusCode::CONFLICT, "this invoice cannot be paid like that").into_response();
    };
    if heleket.deliver(&callbacks, &Sending::usual()).await.is_err() {
        return (StatusCode::CONFLICT, "this payment is gone").into_response();
    }
    let target = heleket.desk().invoices.get(&uuid).and_then(|it| it.order.url_success.clone());
    let target = target.filter(|url| !url.bytes().any(|byte| byte.is_ascii_control()));
    Redirect::to(&target.unwrap_or_else(|| format!("/heleket/pay/{uuid}"))).into_response()
}
