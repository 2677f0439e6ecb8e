use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use url::Url;

use super::{acts::Act, transaction::Status};
use crate::{
    protocols::gateway::{PayKind, Sending, Teller as _},
    world::App,
};

/// The page a transaction's URL leads to: what there is to pay, and buttons that pay it.
pub(crate) async fn show(State(app): State<App>, Path(reference): Path<String>) -> Response {
    let world = app.world();
    let desk = world.duitku.desk();
    let Some(transaction) = desk.transactions.get(&reference) else {
        return (StatusCode::NOT_FOUND, "no such transaction").into_response();
    };
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><title>Sandbox payment</title>\
         <h1>Sandbox payment</h1><p>IDR {}, {}.</p>\
         <form method=\"post\"><button name=\"choice\" value=\"pay\">Pay</button> \
         <button name=\"choice\" value=\"again\">Pay again</button> \
         <button name=\"choice\" value=\"fail\">Fail</button></form></html>",
        transaction.inquiry.payment_amount,
        transaction.status.name()
    ))
    .into_response()
}

#[derive(Deserialize)]
pub(crate) struct Chosen {
    choice: Choice,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Pay,
    Again,
    Fail,
}

/// Does what the payer chose and sends them back to the shop.
pub(crate) async fn pay(
    State(app): State<App>,
    Path(reference): Path<String>,
    Form(Chosen { choice }): Form<Chosen>,
) -> Response {
    let duitku = std::sync::Arc::clone(&app.world().duitku);
    let callbacks = match choice {
        Choice::Pay => duitku.pay(&reference, PayKind::Exact),
        Choice::Again => duitku.pay(&reference, PayKind::Second),
        Choice::Fail => duitku.act(&reference, Act::Fail),
    };
    let Ok(callbacks) = callbacks else {
        return (StatusCode::CONFLICT, "not with this transaction").into_response();
    };
    if duitku.deliver(&callbacks, &Sending::usual()).await.is_err() {
        return (StatusCode::CONFLICT, "this payment is gone").into_response();
    }
    let desk = duitku.desk();
    let transaction = desk.transactions.get(&reference);
    let Some((transaction, Ok(mut url))) =
        transaction.map(|it| (it, Url::parse(&it.inquiry.return_url)))
    else {
        return (StatusCode::NOT_FOUND, "no such transaction").into_response();
    };
    let result = if transaction.status == Status::Paid { "00" } else { "02" };
    url.query_pairs_mut()
        .append_pair("merchantOrderId", &transaction.inquiry.merchant_order_id)
        .append_pair("reference", &reference)
        .append_pair("resultCode", result);
    Redirect::to(url.as_str()).into_response()
}
