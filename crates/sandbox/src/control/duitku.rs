//! The payer and the payer's bank of the Duitku stand-in.
//!
//! A transaction is named by `reference` or `order_id`. Everything that leads to callbacks takes
//! `deliver` (their shape, see [`Deliver`]) and `times`, and answers with the transaction's state
//! and what the receiver said.
//!
//! - `POST duitku` changes settings: `merchant_code`, `keys` (the first signs callbacks, each is
//!   taken from shops), `algorithm` (`md5`, `hmac_sha256`), `callbacks` (the shape of those nobody
//!   asks for otherwise; `none` loses them), `callback_retry_ms`, `repeats` (`refuse`, `open`),
//!   `faults`
//! - `GET duitku?newest=` lists transactions and callbacks
//! - `GET duitku/truth` lists what was paid, transaction by transaction
//! - `POST duitku/pay` pays: `kind` (`exact`, `late`, `second`)
//! - `POST duitku/{act}` lets something happen: `expire`, `fail`
//! - `POST duitku/alter` changes the `amount` of a transaction and tells nobody
//! - `POST duitku/deliver` sends recorded callbacks: one by `callback_id`, or all of an order by
//!   `order` (`oldest_first`, `newest_first`, `shuffled`); `alter` replaces members before signing
//! - `POST duitku/invent` sends a genuine callback about an `order_id` in no book to `url`

use axum::{
    Router,
    extract::{Path, Query, State},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    StateQuery,
    callbacks::{check_keys, deliveries, sending, with_deliveries},
    json::{Answer, ControlError, Input},
    order::Order,
};
use crate::{
    protocols::{
        duitku::{Act, Deliver, Duitku, Repeats, Target, signature::Algorithm},
        gateway::{GatewayFaults, PayKind, Sending},
    },
    world::App,
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/duitku", get(list).post(configure))
        .route("/duitku/truth", get(truth))
        .route("/duitku/pay", post(pay))
        .route("/duitku/alter", post(alter))
        .route("/duitku/deliver", post(deliver))
        .route("/duitku/invent", post(invent))
        .route("/duitku/{act}", post(act))
}

async fn list(State(app): State<App>, query: Query<StateQuery>) -> Answer {
    Answer(app.world().duitku.view(query.newest.unwrap_or(usize::MAX)))
}

async fn truth(State(app): State<App>) -> Answer {
    Answer(app.world().duitku.truth())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    merchant_code: Option<String>,
    keys: Option<Vec<String>>,
    algorithm: Option<Algorithm>,
    callbacks: Option<Deliver>,
    callback_retry_ms: Option<u64>,
    repeats: Option<Repeats>,
    faults: Option<GatewayFaults>,
}

async fn configure(
    State(app): State<App>,
    Input(update): Input<Settings>,
) -> Result<Answer, ControlError> {
    check_keys(update.keys.as_ref())?;
    let duitku = &app.world().duitku;
    if let Some(retry_ms) = update.callback_retry_ms {
        duitku.set_retry_ms(retry_ms);
    }
    duitku.configure(|settings| {
        if let Some(merchant_code) = update.merchant_code {
            settings.merchant_code = merchant_code;
        }
        if let Some(keys) = update.keys {
            settings.keys = keys;
        }
        settings.algorithm = update.algorithm.unwrap_or(settings.algorithm);
        settings.callbacks = update.callbacks.unwrap_or(settings.callbacks);
        settings.repeats = update.repeats.unwrap_or(settings.repeats);
        settings.faults = update.faults.unwrap_or(settings.faults);
    });
    Ok(Answer(duitku.view(0)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paid {
    reference: Option<String>,
    order_id: Option<String>,
    #[serde(default)]
    kind: PayKind,
    deliver: Option<Deliver>,
    times: Option<usize>,
}

async fn pay(State(app): State<App>, Input(paid): Input<Paid>) -> Result<Answer, ControlError> {
    let duitku = &app.world().duitku;
    let target = target(duitku, paid.reference, paid.order_id)?;
    let callbacks = duitku.pay(&target, paid.kind)?;
    send(duitku, &target, &callbacks, &sending(paid.deliver, paid.times)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happens {
    reference: Option<String>,
    order_id: Option<String>,
    deliver: Option<Deliver>,
    times: Option<usize>,
}

async fn act(
    State(app): State<App>,
    Path(act): Path<String>,
    Input(happens): Input<Happens>,
) -> Result<Answer, ControlError> {
    let act = serde_json::from_value::<Act>(Value::String(act));
    let act = act.map_err(|_| ControlError::not_found("no such control"))?;
    let duitku = &app.world().duitku;
    let target = target(duitku, happens.reference, happens.order_id)?;
    let callbacks = duitku.act(&target, act)?;
    send(duitku, &target, &callbacks, &sending(happens.deliver, happens.times)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Altered {
    reference: Option<String>,
    order_id: Option<String>,
    amount: u64,
}

async fn alter(
    State(app): State<App>,
    Input(altered): Input<Altered>,
) -> Result<Answer, ControlError> {
    let duitku = &app.world().duitku;
    let target = target(duitku, altered.reference, altered.order_id)?;
    duitku.alter(&target, altered.amount)?;
    Ok(Answer(duitku.standing(&target)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    callback_id: Option<String>,
    reference: Option<String>,
    order_id: Option<String>,
    #[serde(default)]
    order: Order,
    deliver: Option<Deliver>,
    times: Option<usize>,
    #[serde(default)]
    alter: Map<String, Value>,
}

async fn deliver(
    State(app): State<App>,
    Input(again): Input<Again>,
) -> Result<Answer, ControlError> {
    let world = app.world();
    let duitku = &world.duitku;
    // Asking for it by hand means that it goes, whatever becomes of the others.
    let how = again.deliver.or(Some(Deliver::Fresh));
    let sending = Sending { alter: again.alter, ..sending(how, again.times) };
    if let Some(id) = again.callback_id {
        return Ok(Answer(deliveries(&duitku.deliver(&[id], &sending).await?)));
    }
    let target = target(duitku, again.reference, again.order_id)?;
    let callbacks = again.order.arrange(world.seed, duitku.callbacks(&target)?);
    send(duitku, &target, &callbacks, &sending).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invented {
    url: String,
    order_id: String,
    amount: u64,
    deliver: Option<Deliver>,
    times: Option<usize>,
}

async fn invent(
    State(app): State<App>,
    Input(invented): Input<Invented>,
) -> Result<Answer, ControlError> {
    let duitku = &app.world().duitku;
    let id = duitku.invent(invented.url, invented.order_id, invented.amount);
    let sending = sending(invented.deliver, invented.times);
    Ok(Answer(deliveries(&duitku.deliver(&[id], &sending).await?)))
}

async fn send(
    duitku: &Duitku,
    target: &Target,
    callbacks: &[String],
    sending: &Sending<Deliver>,
) -> Result<Answer, ControlError> {
    let sent = duitku.deliver(callbacks, sending).await?;
    Ok(Answer(with_deliveries(duitku.standing(target)?, &sent)))
}

/// Resolves an order at once, because the transaction it stands for can change with what follows.
fn target(
    duitku: &Duitku,
    reference: Option<String>,
    order_id: Option<String>,
) -> Result<Target, ControlError> {
    match (reference, order_id) {
        (Some(reference), None) => Ok(Target::Reference(reference)),
        (None, Some(order_id)) => {
            Ok(Target::Reference(duitku.reference(&Target::Order(order_id))?))
        }
        _ => Err(ControlError::bad_request("name the transaction by reference or by order_id")),
    }
}
