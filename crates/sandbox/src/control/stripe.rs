//! The payer, the banks and the operator of the Stripe stand-in.
//!
//! Everything that leads to events takes `deliver`, the shape in which they leave (see
//! [`Deliver`]), and answers with what the receiver said.
//!
//! - `POST stripe` changes settings: `webhook_url`, `webhook_secrets` (each signs every event),
//!   `webhook_retry_ms`, `key`, `deliver` (the shape of events nobody asks for otherwise; `none`
//!   loses them, `hold` keeps them back), `refund_status` (what a refund starts as), `faults`
//! - `GET stripe/truth` lists what was paid, refunded and disputed by `client_reference_id`
//! - `POST stripe/session` opens a session that the shop did not ask for: a second one for the same
//!   purchase with `like`, one for an unknown purchase with a `client_reference_id` of its own
//! - `POST stripe/pay` completes a session: `amount`, `currency`, `payment_status` (`unpaid` pays
//!   later), `livemode`, `times`
//! - `POST stripe/fail` declines an attempt, or fails a payment that was to come later
//! - `POST stripe/expire` ends an open session
//! - `POST stripe/refund` gives money back by hand, `stripe/refund/settle` moves a refund on
//! - `POST stripe/dispute` disputes a payment (`inquiry` takes no money), `stripe/dispute/decide`
//!   moves a dispute on
//! - `POST stripe/redeliver` sends an event again, freshly signed
//! - `POST stripe/flush` sends what was held in another `order`
//! - `POST stripe/event` invents an event of any `type` about any `object`

mod money;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    json::{Answer, ControlError, Input},
    order::Order,
};
use crate::{
    protocols::stripe::{ActError, Deliver, Opening, Outcome, RefundStatus, StripeFaults},
    world::App,
};

/// Keeps a mistyped number from flooding the receiver.
const MOST_COPIES: u32 = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/stripe", post(configure))
        .route("/stripe/session", post(open))
        .route("/stripe/pay", post(pay))
        .route("/stripe/fail", post(fail))
        .route("/stripe/redeliver", post(redeliver))
        .route("/stripe/flush", post(flush))
        .route("/stripe/expire", post(expire))
        .route("/stripe/event", post(event))
        .route("/stripe/truth", get(truth))
        .merge(money::routes())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// An empty text turns delivery off.
    webhook_url: Option<String>,
    webhook_secrets: Option<Vec<String>>,
    webhook_retry_ms: Option<u64>,
    key: Option<String>,
    deliver: Option<Deliver>,
    refund_status: Option<RefundStatus>,
    faults: Option<StripeFaults>,
}

async fn configure(
    State(app): State<App>,
    Input(update): Input<Settings>,
) -> Result<Answer, ControlError> {
    let blank = |secrets: &Vec<String>| {
        secrets.is_empty() || secrets.iter().any(|secret| secret.trim().is_empty())
    };
    if update.webhook_secrets.as_ref().is_some_and(blank) {
        return Err(ControlError::bad_request("give at least one secret, and none empty"));
    }
    let stripe = &app.world().stripe;
    stripe.configure(|settings| {
        if let Some(url) = update.webhook_url {
            settings.webhook_url = Some(url).filter(|url| !url.is_empty());
        }
        if let Some(secrets) = update.webhook_secrets {
            settings.webhook_secrets = secrets;
        }
        settings.webhook_retry_ms = update.webhook_retry_ms.unwrap_or(settings.webhook_retry_ms);
        settings.deliver = update.deliver.unwrap_or(settings.deliver);
        settings.refund_status = update.refund_status.unwrap_or(settings.refund_status);
        if let Some(key) = update.key {
            settings.key = key;
        }
        if let Some(faults) = update.faults {
            settings.faults = faults;
        }
    });
    Ok(Answer(stripe.view(0)))
}

/// A session that the shop's server did not open: a second one for the same purchase with `like`
/// alone, one for a purchase nobody knows with a `client_reference_id` of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    like: Option<String>,
    client_reference_id: Option<String>,
    amount: Option<u64>,
    currency: Option<String>,
}

async fn open(
    State(app): State<App>,
    headers: axum::http::HeaderMap,
    Input(open): Input<Open>,
) -> Result<Answer, ControlError> {
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let id = app.world().stripe.open(&Opening {
        like: open.like,
        reference: open.client_reference_id,
        amount: open.amount.unwrap_or(1_000_000),
        currency: open.currency.unwrap_or_else(|| "idr".to_owned()),
        host: host.to_owned(),
    })?;
    Ok(Answer(json!({ "session_id": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    session_id: String,
    amount: Option<u64>,
    currency: Option<String>,
    payment_status: Option<PaymentStatus>,
    livemode: Option<bool>,
    deliver: Option<Deliver>,
    times: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PaymentStatus {
    Paid,
    Unpaid,
}

async fn pay(State(app): State<App>, Input(pay): Input<Pay>) -> Result<Answer, ControlError> {
    let outcome = Outcome {
        amount: pay.amount,
        currency: pay.currency,
        is_unpaid: pay.payment_status == Some(PaymentStatus::Unpaid),
        livemode: pay.livemode.unwrap_or(false),
    };
    let event = app.world().stripe.pay(&pay.session_id, &outcome)?;
    Ok(send(&app, &event, pay.deliver, pay.times).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    session_id: String,
    deliver: Option<Deliver>,
}

async fn fail(State(app): State<App>, Input(fail): Input<Fail>) -> Result<Answer, ControlError> {
    let event = app.world().stripe.fail(&fail.session_id)?;
    Ok(send(&app, &event, fail.deliver, None).await)
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
    if app.world().stripe.event_kind(&again.event_id).is_none() {
        return Err(ControlError::not_found(format!("no event {}", again.event_id)));
    }
    Ok(send(&app, &again.event_id, Some(again.deliver), again.times).await)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flush {
    #[serde(default)]
    order: Order,
    #[serde(default)]
    deliver: Deliver,
}

/// Sends what was held, one after the other.
async fn flush(State(app): State<App>, Input(flush): Input<Flush>) -> Answer {
    let world = app.world();
    let events = flush.order.arrange(world.seed, world.stripe.release());
    Answer(json!({ "events": send_each(&app, &events, Some(flush.deliver)).await }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expire {
    session_id: String,
}

async fn expire(
    State(app): State<App>,
    Input(expire): Input<Expire>,
) -> Result<Answer, ControlError> {
    app.world().stripe.expire_now(&expire.session_id)?;
    Ok(Answer(json!({ "session_id": expire.session_id, "status": "expired" })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invented {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
    livemode: Option<bool>,
    deliver: Option<Deliver>,
    times: Option<u32>,
}

async fn event(State(app): State<App>, Input(event): Input<Invented>) -> Answer {
    let stripe = &app.world().stripe;
    let id = stripe.invent(&event.kind, &event.object, event.livemode.unwrap_or(false));
    send(&app, &id, event.deliver, event.times).await
}

/// What was paid and what went back, by the shop's reference.
async fn truth(State(app): State<App>) -> Answer {
    Answer(app.world().stripe.truth())
}

async fn send(app: &App, event_id: &str, how: Option<Deliver>, times: Option<u32>) -> Answer {
    let stripe = &app.world().stripe;
    let times = times.unwrap_or(1).min(MOST_COPIES);
    let how = how.unwrap_or_else(|| stripe.usual_delivery());
    let statuses = stripe.deliver(event_id, how, times).await;
    Answer(json!({ "event_id": event_id, "deliveries": deliveries(&statuses) }))
}

/// Sends events one after the other.
async fn send_each(app: &App, events: &[String], how: Option<Deliver>) -> Vec<Value> {
    let stripe = &app.world().stripe;
    let how = how.unwrap_or_else(|| stripe.usual_delivery());
    let mut sent = Vec::new();
    for id in events {
        let statuses = stripe.deliver(id, how, 1).await;
        let kind = stripe.event_kind(id);
        sent.push(json!({ "event_id": id, "type": kind, "deliveries": deliveries(&statuses) }));
    }
    sent
}

fn deliveries(statuses: &[u16]) -> Vec<Value> {
    statuses.iter().map(|status| json!({ "status": status })).collect()
}

impl From<ActError> for ControlError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Unknown(what) => Self::not_found(format!("no such {what}")),
            ActError::NotNow(why) => Self::conflict(why),
        }
    }
}
