//! The payer and the payer's bank of the Duitku stand-in. What other gateways have as well is in
//! [`super::callbacks`].
//!
//! - `POST duitku` changes settings: `merchant_code`, `keys` (the first signs callbacks, each is
//!   taken from shops), `algorithm` (`md5`, `hmac_sha256`), `callbacks` (the shape of those nobody
//!   asks for otherwise; `none` loses them), `callback_retry_ms`, `repeats` (`refuse`, `open`),
//!   `faults`
//! - `POST duitku/pay` pays: `kind` (`exact`, `late`, `second`)
//! - `POST duitku/{act}` lets something happen: `expire`, `fail`
//! - `POST duitku/alter` changes the `amount` of a transaction and tells nobody
//! - `POST duitku/invent` sends a genuine callback about an `order_id` in no book to `url`

use std::sync::Arc;

use axum::{Router, extract::State, routing::post};
use serde::Deserialize;

use super::{
    callbacks::{Controlled, check_keys, find, send, send_invented, sending},
    json::{Answer, ControlError, Input},
};
use crate::{
    protocols::{
        duitku::{Deliver, Duitku, Repeats, signature::Algorithm},
        gateway::{GatewayFaults, PayKind, Teller as _},
    },
    world::{App, World},
};

impl Controlled for Duitku {
    const NAME: &str = "duitku";

    fn of(world: &World) -> &Arc<Self> {
        &world.duitku
    }
}

pub(super) fn routes() -> Router<App> {
    super::callbacks::routes::<Duitku>()
        .route("/duitku", post(configure))
        .route("/duitku/pay", post(pay))
        .route("/duitku/alter", post(alter))
        .route("/duitku/invent", post(invent))
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
        duitku.mailbox().set_retry_ms(retry_ms);
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
    let duitku = &*app.world().duitku;
    let reference = find(duitku, paid.reference, paid.order_id)?;
    let callbacks = duitku.pay(&reference, paid.kind)?;
    send(duitku, &reference, &callbacks, &sending(paid.deliver, paid.times)).await
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
    let duitku = &*app.world().duitku;
    let reference = find(duitku, altered.reference, altered.order_id)?;
    duitku.alter(&reference, altered.amount)?;
    Ok(Answer(duitku.standing(&reference)?))
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
    let duitku = &*app.world().duitku;
    let id = duitku.invent(invented.url, invented.order_id, invented.amount);
    send_invented(duitku, id, &sending(invented.deliver, invented.times)).await
}
