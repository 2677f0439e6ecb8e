//! The payer, the chain and the operator of the Heleket stand-in.
//!
//! An invoice is named by `uuid` or `order_id`. Everything that leads to callbacks takes `deliver`
//! (their shape, see [`Deliver`]) and `times`, and answers with the invoice's state and what the
//! receiver said.
//!
//! - `POST heleket` changes settings: `merchant`, `keys` (the first signs callbacks, each is taken
//!   from shops), `callbacks` (the shape of those nobody asks for otherwise; `none` loses them),
//!   `callback_retry_ms`, `refunds` (`paid`, `failed`, `held`), `payer_rate`, `faults`
//! - `GET heleket?newest=` lists invoices and callbacks
//! - `GET heleket/truth` lists what was paid and given back, order by order
//! - `POST heleket/pay` deposits money: `kind` (`exact`, `over`, `under`, `late`, `second`),
//!   `amount` instead of what the kind stands for, `unconfirmed`
//! - `POST heleket/{act}` lets something happen: `confirm`, `revert`, `expire`, `process`, `fail`,
//!   `system_fail`, `lock`, `unlock`, `refund`, `refund_paid`, `refund_fail`
//! - `POST heleket/alter` changes the `amount` and `currency` of an invoice and tells nobody
//! - `POST heleket/deliver` sends recorded callbacks: one by `callback_id`, or all of an invoice by
//!   `order` (`oldest_first`, `newest_first`, `shuffled`); `alter` replaces members before signing
//! - `POST heleket/invent` sends a genuine callback about an `order_id` in no book to `url`

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
    decimal::Decimal,
    protocols::{
        gateway::{GatewayFaults, PayKind, Sending},
        heleket::{Act, Deliver, Pay, RefundOutcome, Target},
    },
    world::App,
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/heleket", get(list).post(configure))
        .route("/heleket/truth", get(truth))
        .route("/heleket/pay", post(pay))
        .route("/heleket/alter", post(alter))
        .route("/heleket/deliver", post(deliver))
        .route("/heleket/invent", post(invent))
        .route("/heleket/{act}", post(act))
}

async fn list(State(app): State<App>, query: Query<StateQuery>) -> Answer {
    Answer(app.world().heleket.view(query.newest.unwrap_or(usize::MAX)))
}

async fn truth(State(app): State<App>) -> Answer {
    Answer(app.world().heleket.truth())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    merchant: Option<String>,
    keys: Option<Vec<String>>,
    callbacks: Option<Deliver>,
    callback_retry_ms: Option<u64>,
    refunds: Option<RefundOutcome>,
    payer_rate: Option<Decimal>,
    faults: Option<GatewayFaults>,
}

async fn configure(
    State(app): State<App>,
    Input(update): Input<Settings>,
) -> Result<Answer, ControlError> {
    check_keys(update.keys.as_ref())?;
    if update.payer_rate.is_some_and(|rate| rate <= Decimal::ZERO) {
        return Err(ControlError::bad_request("the rate has to be above zero"));
    }
    let heleket = &app.world().heleket;
    if let Some(retry_ms) = update.callback_retry_ms {
        heleket.set_retry_ms(retry_ms);
    }
    heleket.configure(|settings| {
        if let Some(merchant) = update.merchant {
            settings.merchant = merchant;
        }
        if let Some(keys) = update.keys {
            settings.keys = keys;
        }
        settings.callbacks = update.callbacks.unwrap_or(settings.callbacks);
        settings.refunds = update.refunds.unwrap_or(settings.refunds);
        settings.payer_rate = update.payer_rate.unwrap_or(settings.payer_rate);
        settings.faults = update.faults.unwrap_or(settings.faults);
    });
    Ok(Answer(heleket.view(0)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paid {
    uuid: Option<String>,
    order_id: Option<String>,
    #[serde(default)]
    kind: PayKind,
    amount: Option<Decimal>,
    #[serde(default)]
    unconfirmed: bool,
    deliver: Option<Deliver>,
    times: Option<usize>,
}

async fn pay(State(app): State<App>, Input(paid): Input<Paid>) -> Result<Answer, ControlError> {
    if paid.amount.is_some_and(|amount| amount <= Decimal::ZERO) {
        return Err(ControlError::bad_request("the amount has to be above zero"));
    }
    let target = target(paid.uuid, paid.order_id)?;
    let pay = Pay { kind: paid.kind, amount: paid.amount, is_unconfirmed: paid.unconfirmed };
    let callbacks = app.world().heleket.pay(&target, &pay)?;
    send(&app, &target, &callbacks, &sending(paid.deliver, paid.times)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happens {
    uuid: Option<String>,
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
    let target = target(happens.uuid, happens.order_id)?;
    let callbacks = app.world().heleket.act(&target, act)?;
    send(&app, &target, &callbacks, &sending(happens.deliver, happens.times)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Altered {
    uuid: Option<String>,
    order_id: Option<String>,
    amount: Option<Decimal>,
    currency: Option<String>,
}

async fn alter(
    State(app): State<App>,
    Input(altered): Input<Altered>,
) -> Result<Answer, ControlError> {
    let is_code = |code: &String| !code.is_empty() && code.bytes().all(|b| b.is_ascii_uppercase());
    if !altered.currency.as_ref().is_none_or(is_code) {
        return Err(ControlError::bad_request("a currency has capital letters only"));
    }
    let target = target(altered.uuid, altered.order_id)?;
    let heleket = &app.world().heleket;
    heleket.alter(&target, altered.amount, altered.currency)?;
    Ok(Answer(heleket.standing(&target)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    callback_id: Option<String>,
    uuid: Option<String>,
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
    let heleket = &world.heleket;
    // Asking for it by hand means that it goes, whatever becomes of the others.
    let how = again.deliver.or(Some(Deliver::Fresh));
    let sending = Sending { alter: again.alter, ..sending(how, again.times) };
    if let Some(id) = again.callback_id {
        return Ok(Answer(deliveries(&heleket.deliver(&[id], &sending).await?)));
    }
    let target = target(again.uuid, again.order_id)?;
    let callbacks = again.order.arrange(world.seed, heleket.callbacks(&target)?);
    send(&app, &target, &callbacks, &sending).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invented {
    url: String,
    order_id: String,
    amount: Decimal,
    deliver: Option<Deliver>,
    times: Option<usize>,
}

async fn invent(
    State(app): State<App>,
    Input(invented): Input<Invented>,
) -> Result<Answer, ControlError> {
    let heleket = &app.world().heleket;
    let id = heleket.invent(invented.url, invented.order_id, invented.amount);
    let sending = sending(invented.deliver, invented.times);
    Ok(Answer(deliveries(&heleket.deliver(&[id], &sending).await?)))
}

async fn send(
    app: &App,
    target: &Target,
    callbacks: &[String],
    sending: &Sending<Deliver>,
) -> Result<Answer, ControlError> {
    let heleket = &app.world().heleket;
    let sent = heleket.deliver(callbacks, sending).await?;
    Ok(Answer(with_deliveries(heleket.standing(target)?, &sent)))
}

fn target(uuid: Option<String>, order_id: Option<String>) -> Result<Target, ControlError> {
    match (uuid, order_id) {
        (Some(uuid), None) => Ok(Target::Uuid(uuid)),
        (None, Some(order_id)) => Ok(Target::Order(order_id)),
        _ => Err(ControlError::bad_request("name the invoice by uuid or by order_id")),
    }
}
