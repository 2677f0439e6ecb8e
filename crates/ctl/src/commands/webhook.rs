use std::sync::Arc;

use domain::{
    hooks::{About, AttemptView, Message, MessageId, replay::ReplayMessage},
    outbox::{Queue, Wake},
};
use serde_json::{Value, json};

use super::Desk;
use crate::{
    Answer, Failure,
    cli::{ByEmailOrId, Webhook},
};

/// Messages shown beside an endpoint.
const SHOWN: u32 = 20;

/// Runs `webhook …`.
pub async fn webhook(desk: &Desk, command: &Webhook) -> Result<Answer, Failure> {
    match command {
        Webhook::Show { customer } => show(desk, customer).await,
        Webhook::Attempts { customer, limit } => attempts(desk, customer, *limit).await,
        Webhook::Replay { ids } => replay(desk, ids).await,
    }
}

async fn show(desk: &Desk, customer: &ByEmailOrId) -> Result<Answer, Failure> {
    let user = desk.customer(customer).await?;
    let Some(endpoint) = desk.hooks.endpoint(user).await? else {
        return Err(Failure::conflict(format_args!("customer {user} has no webhook")));
    };
    let messages = desk.hooks.messages(user, SHOWN).await?;
    let url = endpoint.url.as_ref().map(domain::hooks::HookUrl::as_str);
    let disabled = endpoint.disabled.map(|it| (it.reason.as_str(), it.at.to_rfc3339()));
    let json = json!({
        "customer": user.get(),
        "url": url,
        "signed": endpoint.secret.is_some(),
        "disabled_at": disabled.as_ref().map(|(_, at)| at),
        "disabled_reason": disabled.as_ref().map(|(reason, _)| reason),
        "consecutive_failures": endpoint.failures,
        "messages": messages.iter().map(message_body).collect::<Vec<_>>(),
    });
    let facts = [
        ("customer", user.to_string()),
        ("url", url.unwrap_or("none").to_owned()),
        ("signed", if endpoint.secret.is_some() { "yes" } else { "no" }.to_owned()),
        ("disabled", disabled.map_or("no".to_owned(), |(reason, at)| format!("{reason} {at}"))),
        ("failures in a row", endpoint.failures.to_string()),
    ];
    let header = ["id", "event", "order", "state", "tries", "happened"];
    let rows = messages.iter().map(message_row).collect();
    let listed = Answer::rows(Value::Null, header, rows).text;
    Ok(Answer::facts(json, facts).and(listed))
}

fn order(about: About) -> Option<i64> {
    match about {
        About::Order { order, .. } => Some(order.get()),
        About::Test => None,
    }
}

fn message_body(message: &Message) -> Value {
    json!({
        "id": message.id.to_string(),
        "event": message.about.name(),
        "order": order(message.about),
        "state": message.state.as_str(),
        "tries": message.attempts,
        "at": message.at.to_rfc3339(),
    })
}

fn message_row(message: &Message) -> [String; 6] {
    [
        message.id.to_string(),
        message.about.name().to_owned(),
        order(message.about).map(|order| order.to_string()).unwrap_or_default(),
        message.state.as_str().to_owned(),
        message.attempts.to_string(),
        message.at.to_rfc3339(),
    ]
}

async fn attempts(desk: &Desk, customer: &ByEmailOrId, limit: u32) -> Result<Answer, Failure> {
    let user = desk.customer(customer).await?;
    let attempts = desk.hooks.attempts(user, limit).await?;
    let bodies = attempts.iter().map(attempt_body).collect();
    let rows = attempts.iter().map(|AttemptView { attempt, event, .. }| {
        [
            attempt.at.to_rfc3339(),
            attempt.message.to_string(),
            event.clone(),
            attempt.number.to_string(),
            attempt.outcome.clone(),
            attempt.status.map(|status| status.to_string()).unwrap_or_default(),
            format!("{} ms", attempt.took.as_millis()),
            attempt.host.clone(),
        ]
    });
    let header = ["at", "message", "event", "try", "outcome", "status", "took", "host"];
    Ok(Answer::rows(Value::Array(bodies), header, rows.collect()))
}

/// What the server answered is the customer's: not shown here.
fn attempt_body(AttemptView { attempt, event, order, state }: &AttemptView) -> Value {
    json!({
        "at": attempt.at.to_rfc3339(),
        "message": attempt.message.to_string(),
        "event": event,
        "order": order.map(domain::ids::OrderId::get),
        "message_state": state.as_str(),
        "try": attempt.number,
        "trigger": attempt.trigger.as_str(),
        "host": attempt.host,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "took_ms": u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
        "next_at": attempt.next_at.map(|at| at.to_rfc3339()),
    })
}

async fn replay(desk: &Desk, ids: &[MessageId]) -> Result<Answer, Failure> {
    let replay = ReplayMessage::new(desk.store.clone(), Arc::new(Unheard), desk.clock.clone());
    for id in ids {
        let asked = replay.execute(None, *id).await;
        asked.map_err(|error| Failure::conflict(format_args!("{id}: {error}")))?;
    }
    let ids: Vec<_> = ids.iter().map(MessageId::to_string).collect();
    let told = format!("{} messages to be sent again", ids.len());
    Ok(Answer::say(json!({ "replayed": ids }), told))
}

/// Workers look by themselves within a second.
struct Unheard;

impl Wake for Unheard {
    fn wake(&self, _: Queue) {}
}
