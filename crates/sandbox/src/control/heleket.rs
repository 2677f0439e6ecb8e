//! The payer, the chain and the operator of the Heleket stand-in. What other gateways have as well
//! is in [`super::callbacks`].
//!
//! - `POST heleket` changes settings: `merchant`, `keys` (the first signs callbacks, each is taken
//!   from shops), `callbacks` (the shape of those nobody asks for otherwise; `none` loses them),
//!   `callback_retry_ms`, `refunds` (`paid`, `failed`, `held`), `payer_rate`, `faults`
//! - `POST heleket/pay` deposits money: `kind` (`exact`, `over`, `under`, `late`, `second`),
//!   `amount` instead of what the kind stands for, `unconfirmed`
//! - `POST heleket/{act}` lets something happen: `confirm`, `revert`, `expire`, `process`, `fail`,
//!   `system_fail`, `lock`, `unlock`, `refund`, `refund_paid`, `refund_fail`
//! - `POST heleket/alter` changes the `amount` and `currency` of an invoice and tells nobody
//! - `POST heleket/invent` sends a genuine callback about an `order_id` in no book to `url`

use std::sync::Arc;

use axum::{Router, extract::State, routing::post};
use serde::Deserialize;

use super::{
    callbacks::{Controlled, check_keys, find, send, send_invented, sending},
    json::{Answer, ControlError, Input},
};
use crate::{
    decimal::Decimal,
    protocols::{
        gateway::{GatewayFaults, PayKind, Teller as _},
        heleket::{Deliver, Heleket, Pay, RefundOutcome},
    },
    world::{App, World},
};

impl Controlled for Heleket {
    const NAME: &str = "heleket";

    fn of(world: &World) -> &Arc<Self> {
        &world.heleket
    }
}

pub(super) fn routes() -> Router<App> {
    super::callbacks::routes::<Heleket>()
        .route("/heleket", post(configure))
        .route("/heleket/pay", post(pay))
        .route("/heleket/alter", post(alter))
        .route("/heleket/invent", post(invent))
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
        heleket.mailbox().set_retry_ms(retry_ms);
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
    let heleket = &*app.world().heleket;
    let uuid = find(heleket, paid.uuid, paid.order_id)?;
    let pay = Pay { kind: paid.kind, amount: paid.amount, is_unconfirmed: paid.unconfirmed };
    let callbacks = heleket.pay(&uuid, &pay)?;
    send(heleket, &uuid, &callbacks, &sending(paid.deliver, paid.times)).await
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
    let heleket = &*app.world().heleket;
    let uuid = find(heleket, altered.uuid, altered.order_id)?;
    heleket.alter(&uuid, altered.amount, altered.currency)?;
    Ok(Answer(heleket.standing(&uuid)?))
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
    let heleket = &*app.world().heleket;
    let id = heleket.invent(invented.url, invented.order_id, invented.amount);
    send_invented(heleket, id, &sending(invented.deliver, invented.times)).await
}
