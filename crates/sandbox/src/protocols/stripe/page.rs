use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};

use super::Outcome;
use crate::world::App;

/// The page a session's URL leads to: what there is to pay, and a button that pays it.
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Response {
    let world = app.world();
    let desk = world.stripe.desk();
    let Some(session) = desk.sessions.get(&id) else {
        return (StatusCode::NOT_FOUND, "no such session").into_response();
    };
    // Nothing here needs escaping: a session only takes currencies of three small letters.
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><title>Sandbox checkout</title>\
         <h1>Sandbox checkout</h1><p>{} {} in minor units, {}.</p>\
         <form method=\"post\"><button>Pay</button></form></html>",
        session.currency, session.amount_total, session.status
    ))
    .into_response()
}

/// Pays the session and sends the payer back to the shop.
pub(crate) async fn pay(State(app): State<App>, Path(id): Path<String>) -> Response {
    let stripe = std::sync::Arc::clone(&app.world().stripe);
    let Ok(event) = stripe.pay(&id, &Outcome::default()) else {
        return (StatusCode::CONFLICT, "this session cannot be paid").into_response();
    };
    stripe.deliver(&event, stripe.usual_delivery(), 1).await;
    let success_url = stripe.desk().sessions.get(&id).map(|it| it.success_url.clone());
    let target = success_url.unwrap_or_default().replace("{CHECKOUT_SESSION_ID}", &id);
    if target.bytes().any(|byte| byte.is_ascii_control()) {
        return (StatusCode::CONFLICT, "the success URL is not a URL").into_response();
    }
    Redirect::to(&target).into_response()
}
