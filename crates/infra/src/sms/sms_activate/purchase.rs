use domain::{
    ids::ExternalId,
    money::Cost,
    providers::{AcquireError, Activation, PhoneNumber},
};
use serde_json::Value;

use super::{
    reply::{Content, Reply},
    signal::complaint,
    value::{dollars, external_id, field, text},
    words::Signal,
};

/// Fields whose presence shows that a number may have been sold, whatever else the reply says.
const TRACES: [&str; 4] = ["activationId", "phoneNumber", "activation", "phone"];

/// The word for a number.
const SOLD: &str = "ACCESS_NUMBER";

/// Why a purchase brought no number.
#[derive(Debug, PartialEq)]
pub(super) enum NotSold {
    /// This way of buying does not exist there, so nothing was sold.
    UnknownAction,
    /// Anything else.
    For(AcquireError),
}

/// Reads the reply to a purchase. Only a complete and valid number is a success, only words that
/// are known to be a refusal are a definite no.
pub(super) fn sold(reply: &Reply) -> Result<Activation, NotSold> {
    let content = reply.content();
    let found = match &content {
        Content::Token { head, rest } if head == SOLD => Some(rest.as_deref().and_then(from_token)),
        Content::Json(value) if field(value, &TRACES).is_some() => Some(from_json(value)),
        _ => None,
    };
    match found {
        Some(Some(activation)) => return Ok(activation),
        Some(None) => return Err(unknown("a number that cannot be read", true)),
        None if mentions_sale(reply, &content) => return Err(unclear(reply, &content)),
        None => {}
    }
    let complaint = complaint(reply, &content);
    if complaint.as_ref().is_some_and(|complaint| complaint.signal == Signal::UnknownAction) {
        return Err(NotSold::UnknownAction);
    }
    match complaint.and_then(|complaint| complaint.refusal()) {
        Some(refusal) => Err(NotSold::For(AcquireError::Refused(refusal))),
        None => Err(unclear(reply, &content)),
    }
}

/// Whether there is, anywhere, a sign that a number was sold. What else the reply says is no
/// refusal then, for after a refusal the money goes back and the next offer is asked.
pub(super) fn mentions_sale(reply: &Reply, content: &Content) -> bool {
    let token = SOLD.as_bytes();
    reply.body.windows(token.len()).any(|part| part == token)
        || matches!(content, Content::Json(value) if has_trace(value))
}

/// As deep as the document is, which the parser bounds.
fn has_trace(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(has_trace),
        Value::Object(members) => {
            field(value, &TRACES).is_some() || members.values().any(has_trace)
        }
        _ => false,
    }
}

fn unclear(reply: &Reply, content: &Content) -> NotSold {
    if reply.is_intermediate() {
        return unknown("a proxy answered instead", false);
    }
    let reason = match (reply.status, content) {
        (500.., _) => "the provider failed",
        (_, Content::Empty) => "an empty answer",
        _ => "an answer outside the protocol",
    };
    unknown(reason, true)
}

const fn unknown(reason: &'static str, answered: bool) -> NotSold {
    NotSold::For(AcquireError::Unknown { reason, answered })
}

/// `id:phone`; what some append behind a further colon is not needed.
fn from_token(rest: &str) -> Option<Activation> {
    let mut parts = rest.split(':');
    let external_id = external_id(parts.next()?)?;
    activation(external_id, parts.next()?, None)
}

fn from_json(value: &Value) -> Option<Activation> {
    let external_id = external_id(&text(field(value, &["activationId"])?)?)?;
    let phone = text(field(value, &["phoneNumber", "phone"])?)?;
    activation(external_id, &phone, dollars(value, &["activationCost", "cost"]))
}

fn activation(external_id: ExternalId, phone: &str, cost: Option<Cost>) -> Option<Activation> {
    Some(Activation { external_id, phone: PhoneNumber::parse(phone)?, cost })
}

#[cfg(test)]
mod tests;
