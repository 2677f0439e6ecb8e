//! What the controls of the gateways that call back have in common.
//!
//! A payment is named by the gateway's own id (`uuid`, `reference`) or by `order_id`. Everything
//! that leads to callbacks takes `deliver`, their shape, and `times`, and answers with how the
//! payment stands and with what the receiver said.
//!
//! - `GET {gateway}?newest=` lists payments and callbacks
//! - `GET {gateway}/truth` lists what was paid and given back, payment by payment
//! - `POST {gateway}/{act}` lets something happen
//! - `POST {gateway}/deliver` sends recorded callbacks: one by `callback_id`, or all of an order by
//!   `order` (`oldest_first`, `newest_first`, `shuffled`); `alter` replaces members before signing

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    StateQuery,
    json::{Answer, ControlError, Input},
    order::Order,
};
use crate::{
    protocols::gateway::{ActError, Sending, Sent, Shape, Target, Teller},
    world::{App, World},
};

/// Keeps a mistyped number from flooding the receiver.
const MOST_COPIES: usize = 1000;

/// A gateway as one of the world.
pub(super) trait Controlled: Teller {
    const NAME: &str;

    fn of(world: &World) -> &Arc<Self>;
}

pub(super) fn routes<T: Controlled>() -> Router<App> {
    let path = |rest: &str| format!("/{}{rest}", T::NAME);
    Router::new()
        .route(&path(""), get(list::<T>))
        .route(&path("/truth"), get(truth::<T>))
        .route(&path("/deliver"), post(deliver::<T>))
        .route(&path("/{act}"), post(act::<T>))
}

async fn list<T: Controlled>(State(app): State<App>, query: Query<StateQuery>) -> Answer {
    Answer(T::of(&app.world()).view(query.newest.unwrap_or(usize::MAX)))
}

async fn truth<T: Controlled>(State(app): State<App>) -> Answer {
    Answer(T::of(&app.world()).truth())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happens<S> {
    #[serde(alias = "uuid", alias = "reference")]
    id: Option<String>,
    order_id: Option<String>,
    deliver: Option<S>,
    times: Option<usize>,
}

async fn act<T: Controlled>(
    State(app): State<App>,
    Path(act): Path<String>,
    Input(happens): Input<Happens<T::Shape>>,
) -> Result<Answer, ControlError> {
    let act = serde_json::from_value::<T::Act>(Value::String(act));
    let act = act.map_err(|_| ControlError::not_found("no such control"))?;
    let world = app.world();
    let gateway = T::of(&world);
    let id = find(&**gateway, happens.id, happens.order_id)?;
    let callbacks = gateway.act(&id, act)?;
    send(&**gateway, &id, &callbacks, &sending(happens.deliver, happens.times)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again<S> {
    callback_id: Option<String>,
    #[serde(alias = "uuid", alias = "reference")]
    id: Option<String>,
    order_id: Option<String>,
    #[serde(default)]
    order: Order,
    deliver: Option<S>,
    times: Option<usize>,
    #[serde(default)]
    alter: Map<String, Value>,
}

async fn deliver<T: Controlled>(
    State(app): State<App>,
    Input(again): Input<Again<T::Shape>>,
) -> Result<Answer, ControlError> {
    let world = app.world();
    let gateway = T::of(&world);
    // Asking for it by hand means that it goes, whatever becomes of the others.
    let how = again.deliver.or(Some(T::Shape::FRESH));
    let sending = Sending { alter: again.alter, ..sending(how, again.times) };
    if let Some(id) = again.callback_id {
        return Ok(Answer(deliveries(&gateway.deliver(&[id], &sending).await?)));
    }
    let id = find(&**gateway, again.id, again.order_id)?;
    let callbacks = again.order.arrange(world.seed, gateway.callbacks(&id)?);
    send(&**gateway, &id, &callbacks, &sending).await
}

/// The gateway's id of a payment, which an order is resolved to at once: the payment it stands for
/// can change with what follows.
pub(super) fn find(
    gateway: &impl Teller,
    id: Option<String>,
    order_id: Option<String>,
) -> Result<String, ControlError> {
    let target = match (id, order_id) {
        (Some(id), None) => Target::Id(id),
        (None, Some(order_id)) => Target::Order(order_id),
        _ => return Err(ControlError::bad_request("name the payment by its id or by order_id")),
    };
    Ok(gateway.resolve(&target)?)
}

/// Sends what came of something and tells how the payment stands.
pub(super) async fn send<T: Teller>(
    gateway: &T,
    id: &str,
    callbacks: &[String],
    sending: &Sending<T::Shape>,
) -> Result<Answer, ControlError> {
    let sent = gateway.deliver(callbacks, sending).await?;
    let (mut standing, sent) = (gateway.standing(id)?, deliveries(&sent));
    if let (Value::Object(standing), Value::Object(sent)) = (&mut standing, sent) {
        standing.extend(sent);
    }
    Ok(Answer(standing))
}

/// Sends a callback about nothing that is in the books.
pub(super) async fn send_invented<T: Teller>(
    gateway: &T,
    callback: String,
    sending: &Sending<T::Shape>,
) -> Result<Answer, ControlError> {
    Ok(Answer(deliveries(&gateway.deliver(&[callback], sending).await?)))
}

pub(super) fn sending<S>(how: Option<S>, times: Option<usize>) -> Sending<S> {
    Sending { how, times: times.unwrap_or(1).min(MOST_COPIES), alter: Map::new() }
}

/// The ids of the callbacks with the first statuses of each.
fn deliveries(sent: &Sent) -> Value {
    let sent = sent.iter().map(|(id, statuses)| json!({ "id": id, "statuses": statuses }));
    json!({ "callbacks": sent.collect::<Vec<_>>() })
}

/// Refuses keys nobody could sign with.
pub(super) fn check_keys(keys: Option<&Vec<String>>) -> Result<(), ControlError> {
    let blank = |keys: &Vec<String>| keys.is_empty() || keys.iter().any(|it| it.trim().is_empty());
    if keys.is_some_and(blank) {
        return Err(ControlError::bad_request("give at least one key, and none empty"));
    }
    Ok(())
}

impl From<ActError> for ControlError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Unknown => Self::not_found("no such payment or callback"),
            ActError::Conflict(reason) => Self::conflict(reason),
            ActError::Impossible(reason) => Self::bad_request(reason),
        }
    }
}
