use axum::{Router, extract::State, routing::post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{Answer, ControlError, Input};
use crate::{
    protocols::stripe::{Deliver, Outcome, PayError, StripeFaults},
    world::App,
};

/// Keeps a mistyped number from flooding the receiver.
const MOST_COPIES: u32 = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/stripe", post(configure))
        .route("/stripe/pay", post(pay))
        .route("/stripe/redeliver", post(redeliver))
        .route("/stripe/expire", post(expire))
        .route("/stripe/event", post(event))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// An empty text turns delivery off.
    webhook_url: Option<String>,
    webhook_secrets: Option<Vec<String>>,
    webhook_retry_ms: Option<u64>,
    key: Option<String>,
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
        if let Some(retry_ms) = update.webhook_retry_ms {
            settings.webhook_retry_ms = retry_ms;
        }
        if let Some(key) = update.key {
            settings.key = key;
        }
        if let Some(faults) = update.faults {
            settings.faults = faults;
        }
    });
    Ok(Answer(stripe.view(0)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pay {
    session_id: String,
    amount: Option<u64>,
    currency: Option<String>,
    payment_status: Option<PaymentStatus>,
    #[serde(default)]
    deliver: Deliver,
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
    };
    let event = app.world().stripe.pay(&pay.session_id, &outcome)?;
    Ok(send(&app, &event, pay.deliver, pay.times).await)
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
    if !app.world().stripe.knows_event(&again.event_id) {
        return Err(ControlError::not_found(format!("no event {}", again.event_id)));
    }
    Ok(send(&app, &again.event_id, again.deliver, again.times).await)
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
    #[serde(default)]
    deliver: Deliver,
    times: Option<u32>,
}

async fn event(State(app): State<App>, Input(event): Input<Invented>) -> Answer {
    let stripe = &app.world().stripe;
    let id = stripe.invent(&event.kind, &event.object, event.livemode.unwrap_or(false));
    send(&app, &id, event.deliver, event.times).await
}

async fn send(app: &App, event_id: &str, how: Deliver, times: Option<u32>) -> Answer {
    let times = times.unwrap_or(1).min(MOST_COPIES);
    let statuses = app.world().stripe.deliver(event_id, how, times).await;
    let deliveries: Vec<Value> = statuses.iter().map(|it| json!({ "status": it })).collect();
    Answer(json!({ "event_id": event_id, "deliveries": deliveries }))
}

impl From<PayError> for ControlError {
    fn from(error: PayError) -> Self {
        match error {
            PayError::Unknown => Self::not_found("no such session"),
            PayError::NotOpen(status) => Self::conflict(format!("the session is {status}")),
        }
    }
}
