//! The payer, the chain and the operator of the BTCPay stand-in.
//!
//! Everything that leads to events takes `deliver`, the shape in which they leave (see
//! [`Deliver`]), and answers with the invoice and with what the receiver said. A fresh event waits
//! for its turn behind those that are being repeated.
//!
//! - `POST btcpay` changes settings: `store_id`, `keys` (all that are accepted), `webhook_url`,
//!   `webhook_secret`, `second_ms` (how long a second of the schedule of repeats takes), `deliver`
//!   (the shape of events nobody asks for otherwise; `none` loses them, `hold` keeps them back),
//!   `rates` (one coin in each currency), `faults`
//! - `GET btcpay/truth` lists what was paid and given back by `metadata.orderId`
//! - `POST btcpay/invoice` opens the `invoice` that a shop would ask for with the same document
//! - `POST btcpay/pay` sends coins: `kind` (`exact`, `over`, `under`, `late`, `second`), `value` in
//!   coins instead of what the kind stands for, `method`, `unconfirmed`
//! - `POST btcpay/{act}` lets something happen to an invoice: `confirm`, `double_spend`, `expire`,
//!   `stop_watching`, `settle`, `invalidate`
//! - `POST btcpay/claim` lets the payer claim a `pull_payment_id`, as far as `state` says (to the
//!   end when absent); `btcpay/archive` withdraws it
//! - `POST btcpay/redeliver` sends an event again
//! - `POST btcpay/flush` sends what was held in another `order`
//! - `POST btcpay/restart` forgets what is queued, as a restart of the server does
//! - `POST btcpay/event` invents an event of any `type` about any `invoice_id`

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{Path, State},
    http::HeaderMap,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    json::{Answer, ControlError, Input},
    order::Order,
};
use crate::{
    protocols::{
        btcpay::{Coins, Deliver, Exact, Method, PayoutState, Status},
        gateway::{GatewayFaults, PayKind},
    },
    world::App,
};

/// Keeps a mistyped number from flooding the receiver.
const MOST_COPIES: u32 = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/btcpay", post(configure))
        .route("/btcpay/truth", get(truth))
        .route("/btcpay/invoice", post(open))
        .route("/btcpay/pay", post(pay))
        .route("/btcpay/claim", post(claim))
        .route("/btcpay/archive", post(archive))
        .route("/btcpay/redeliver", post(redeliver))
        .route("/btcpay/flush", post(flush))
        .route("/btcpay/restart", post(restart))
        .route("/btcpay/event", post(event))
        .route("/btcpay/{act}", post(act))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    store_id: Option<String>,
    keys: Option<Vec<String>>,
    /// An empty text turns delivery off.
    webhook_url: Option<String>,
    webhook_secret: Option<String>,
    second_ms: Option<u64>,
    deliver: Option<Deliver>,
    rates: Option<BTreeMap<String, Exact>>,
    faults: Option<GatewayFaults>,
}

async fn configure(
    State(app): State<App>,
    Input(update): Input<Settings>,
) -> Result<Answer, ControlError> {
    if update.rates.as_ref().is_some_and(|rates| rates.values().any(|it| !it.is_positive())) {
        return Err(ControlError::bad_request("a rate has to be above zero"));
    }
    let btcpay = &app.world().btcpay;
    btcpay.configure(|settings| {
        if let Some(url) = update.webhook_url {
            settings.webhook_url = Some(url).filter(|url| !url.is_empty());
        }
        settings.store_id = update.store_id.unwrap_or_else(|| settings.store_id.clone());
        settings.keys = update.keys.unwrap_or_else(|| settings.keys.clone());
        let secret = update.webhook_secret;
        settings.webhook_secret = secret.unwrap_or_else(|| settings.webhook_secret.clone());
        settings.second_ms = update.second_ms.unwrap_or(settings.second_ms);
        settings.deliver = update.deliver.unwrap_or(settings.deliver);
        settings.rates.extend(update.rates.unwrap_or_default());
        settings.faults = update.faults.unwrap_or(settings.faults);
    });
    Ok(Answer(btcpay.view(0)))
}

/// What was paid and what went back, by the shop's order.
async fn truth(State(app): State<App>) -> Answer {
    Answer(app.world().btcpay.truth())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    invoice: Value,
}

async fn open(
    State(app): State<App>,
    headers: HeaderMap,
    Input(open): Input<Open>,
) -> Result<Answer, ControlError> {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let world = app.world();
    let id = world.btcpay.open(&open.invoice, host)?;
    world.btcpay.expire_due();
    Ok(Answer(json!({ "invoice_id": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    invoice_id: String,
    #[serde(default)]
    kind: PayKind,
    value: Option<Exact>,
    #[serde(default)]
    method: Method,
    #[serde(default)]
    unconfirmed: bool,
    deliver: Option<Deliver>,
}

async fn pay(State(app): State<App>, Input(pay): Input<Pay>) -> Result<Answer, ControlError> {
    if pay.value.is_some_and(|value| !value.is_positive()) {
        return Err(ControlError::bad_request("the value has to be above zero"));
    }
    let Pay { kind, value, method, unconfirmed: is_unconfirmed, .. } = pay;
    let coins = Coins { kind, value, method, is_unconfirmed };
    let events = app.world().btcpay.pay(&pay.invoice_id, &coins)?;
    Ok(send(&app, &pay.invoice_id, &events, pay.deliver).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happens {
    invoice_id: String,
    deliver: Option<Deliver>,
}

async fn act(
    State(app): State<App>,
    Path(act): Path<String>,
    Input(happens): Input<Happens>,
) -> Result<Answer, ControlError> {
    let (btcpay, id) = (&app.world().btcpay, &happens.invoice_id);
    let events = match act.as_str() {
        "confirm" => btcpay.confirm(id)?,
        "double_spend" => btcpay.double_spend(id)?,
        "expire" => btcpay.expire(id)?,
        "stop_watching" => btcpay.stop_watching(id)?,
        "settle" => btcpay.mark(id, Status::Settled)?,
        "invalidate" => btcpay.mark(id, Status::Invalid)?,
        _ => return Err(ControlError::not_found("no such control")),
    };
    Ok(send(&app, id, &events, happens.deliver).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    pull_payment_id: String,
    #[serde(default)]
    state: PayoutState,
}

async fn claim(State(app): State<App>, Input(claim): Input<Claim>) -> Result<Answer, ControlError> {
    app.world().btcpay.claim(&claim.pull_payment_id, claim.state)?;
    Ok(Answer(json!({ "pull_payment_id": claim.pull_payment_id, "state": claim.state })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Archive {
    pull_payment_id: String,
}

async fn archive(
    State(app): State<App>,
    Input(archive): Input<Archive>,
) -> Result<Answer, ControlError> {
    app.world().btcpay.archive(&archive.pull_payment_id)?;
    Ok(Answer(json!({ "pull_payment_id": archive.pull_payment_id, "archived": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redeliver {
    event_id: String,
    #[serde(default)]
    deliver: Deliver,
    times: Option<u32>,
}

async fn redeliver(
    State(app): State<App>,
    Input(again): Input<Redeliver>,
) -> Result<Answer, ControlError> {
    let btcpay = &app.world().btcpay;
    if btcpay.event_kind(&again.event_id).is_none() {
        return Err(ControlError::not_found(format!("no event {}", again.event_id)));
    }
    let copies = again.times.unwrap_or(1).min(MOST_COPIES);
    let mut statuses = Vec::new();
    for _ in 0..copies {
        statuses.extend(btcpay.redeliver(&again.event_id, again.deliver).await);
    }
    Ok(Answer(json!({ "event_id": again.event_id, "statuses": statuses })))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flush {
    #[serde(default)]
    order: Order,
    #[serde(default)]
    deliver: Deliver,
}

async fn flush(State(app): State<App>, Input(flush): Input<Flush>) -> Answer {
    let world = app.world();
    let events = flush.order.arrange(world.seed, world.btcpay.release());
    Answer(json!({ "events": send_each(&app, &events, Some(flush.deliver)).await }))
}

async fn restart(State(app): State<App>) -> Answer {
    app.world().btcpay.restart();
    Answer(json!({ "restarted": true }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invented {
    #[serde(rename = "type")]
    kind: String,
    invoice_id: String,
    #[serde(default)]
    metadata: Map<String, Value>,
    deliver: Option<Deliver>,
}

async fn event(State(app): State<App>, Input(event): Input<Invented>) -> Answer {
    let id = app.world().btcpay.invent(&event.kind, &event.invoice_id, event.metadata);
    Answer(json!({ "events": send_each(&app, &[id], event.deliver).await }))
}

async fn send(app: &App, invoice: &str, events: &[String], how: Option<Deliver>) -> Answer {
    let sent = send_each(app, events, how).await;
    Answer(json!({ "invoice": app.world().btcpay.invoice(invoice), "events": sent }))
}

/// Sends events one after the other.
async fn send_each(app: &App, events: &[String], how: Option<Deliver>) -> Vec<Value> {
    let btcpay = &app.world().btcpay;
    let how = how.unwrap_or_else(|| btcpay.usual_delivery());
    let mut sent = Vec::new();
    for id in events {
        let statuses = btcpay.deliver(id, how).await;
        let kind = btcpay.event_kind(id);
        sent.push(json!({ "event_id": id, "type": kind, "statuses": statuses }));
    }
    sent
}
