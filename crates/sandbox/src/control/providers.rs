use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    routing::post,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{Answer, ControlError, Input};
use crate::{
    protocols::sms_activate::{
        Autopilot, FaultPlan, Message, MessageError, Provider, SettingsUpdate, Target,
    },
    world::{App, World},
};

/// Keeps a mistyped number from flooding the receiver.
const MOST_COPIES: u32 = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/providers", post(add))
        .route("/providers/{name}", post(update))
        .route("/providers/{name}/faults", post(set_faults))
        .route("/sms", post(send_sms))
        .route("/callbacks/flush", post(flush))
        .route("/callbacks/raw", post(raw))
        .route("/autopilot", post(autopilot))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProvider {
    name: String,
}

async fn add(
    State(app): State<App>,
    Input(new): Input<NewProvider>,
) -> Result<Answer, ControlError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if new.name.is_empty() || !new.name.bytes().all(is_plain) {
        return Err(ControlError::bad_request("a name has letters, digits, - and _ only"));
    }
    let world = app.world();
    if !world.add_provider(&new.name) {
        return Err(ControlError::conflict(format!("provider {} exists", new.name)));
    }
    Ok(Answer(find(&world, &new.name)?.view(usize::MAX)))
}

async fn update(
    State(app): State<App>,
    Path(name): Path<String>,
    Input(settings): Input<SettingsUpdate>,
) -> Result<Answer, ControlError> {
    let provider = find(&app.world(), &name)?;
    provider.update(settings);
    Ok(Answer(provider.view(0)))
}

async fn set_faults(
    State(app): State<App>,
    Path(name): Path<String>,
    Input(faults): Input<FaultPlan>,
) -> Result<Answer, ControlError> {
    let provider = find(&app.world(), &name)?;
    provider.set_faults(faults);
    Ok(Answer(provider.view(0)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sms {
    /// Looked for at every provider when absent.
    provider: Option<String>,
    activation_id: Option<NumberOrText>,
    phone: Option<NumberOrText>,
    text: String,
    code: Option<String>,
    callback: Option<bool>,
}

/// Ids and phones are numbers in some places of the protocol and texts in others.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl NumberOrText {
    fn number(&self) -> Result<u64, ControlError> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Text(text) => text
                .trim_start_matches('+')
                .parse()
                .map_err(|_| ControlError::bad_request(format!("not a number: {text}"))),
        }
    }
}

async fn send_sms(State(app): State<App>, Input(sms): Input<Sms>) -> Result<Answer, ControlError> {
    let code = sms.code.as_deref().or_else(|| code_in(&sms.text));
    let code = code.filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| ControlError::bad_request("the text has no code; give one"))?;
    let message = Message { text: &sms.text, code, callback: sms.callback.unwrap_or(true) };
    let target = match (&sms.activation_id, &sms.phone) {
        (Some(id), _) => Target::Activation(u32::try_from(id.number()?).unwrap_or(u32::MAX)),
        (None, Some(phone)) => Target::Phone(phone.number()?),
        (None, None) => return Err(ControlError::bad_request("give activation_id or phone")),
    };
    for provider in chosen(&app.world(), sms.provider.as_deref())? {
        match provider.deliver(&target, &message) {
            Ok(activation) => return Ok(Answer(activation)),
            Err(MessageError::Ended) => {
                return Err(ControlError::conflict("the activation has ended"));
            }
            Err(MessageError::Unknown) => {}
        }
    }
    Err(ControlError::not_found("no such activation"))
}

/// The first run of four to eight digits.
fn code_in(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit()).find(|run| (4..=8).contains(&run.len()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flush {
    provider: String,
}

async fn flush(State(app): State<App>, Input(flush): Input<Flush>) -> Result<Answer, ControlError> {
    let provider = find(&app.world(), &flush.provider)?;
    let (sent, failed) = provider.flush_callbacks().await;
    Ok(Answer(json!({ "sent": sent, "failed": failed })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    provider: String,
    /// A text is sent as it is, anything else as JSON.
    body: Value,
    times: Option<u32>,
}

async fn raw(State(app): State<App>, Input(raw): Input<Raw>) -> Result<Answer, ControlError> {
    let world = app.world();
    let provider = find(&world, &raw.provider)?;
    let body = match raw.body {
        Value::String(text) => Bytes::from(text),
        document => Bytes::from(document.to_string()),
    };
    let posts: Vec<_> = (0..raw.times.unwrap_or(1).min(MOST_COPIES))
        .map(|_| {
            let (provider, body) = (Arc::clone(&provider), body.clone());
            world.courier.run(async move { provider.post_raw(body).await })
        })
        .collect();
    let mut deliveries = Vec::new();
    for post in posts {
        deliveries.push(json!({ "status": post.await.unwrap_or(0) }));
    }
    Ok(Answer(json!({ "deliveries": deliveries })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AutopilotInput {
    /// Every provider when absent.
    provider: Option<String>,
    /// Turns it off when absent.
    sms_after_ms: Option<u64>,
    text: Option<String>,
}

async fn autopilot(
    State(app): State<App>,
    Input(input): Input<AutopilotInput>,
) -> Result<Answer, ControlError> {
    let text = input.text.unwrap_or_else(|| "Your {service} code is {code}".to_owned());
    let autopilot = input.sms_after_ms.map(|sms_after_ms| Autopilot { sms_after_ms, text });
    let providers = chosen(&app.world(), input.provider.as_deref())?;
    for provider in &providers {
        provider.set_autopilot(autopilot.clone());
    }
    let names: Vec<&str> = providers.iter().map(|it| it.name.as_str()).collect();
    Ok(Answer(json!({ "providers": names, "on": autopilot.is_some() })))
}

fn find(world: &World, name: &str) -> Result<Arc<Provider>, ControlError> {
    let provider = world.provider(name);
    provider.ok_or_else(|| ControlError::not_found(format!("no provider {name}")))
}

fn chosen(world: &World, name: Option<&str>) -> Result<Vec<Arc<Provider>>, ControlError> {
    match name {
        Some(name) => Ok(vec![find(world, name)?]),
        None => Ok(world.providers()),
    }
}

#[cfg(test)]
mod tests {
    use super::code_in;

    #[test]
    fn finds_the_code_among_other_digits() {
        assert_eq!(code_in("2 FA: G-123456 is your code, call +79580001122"), Some("123456"));
        assert_eq!(code_in("123 or 123456789"), None);
    }
}
