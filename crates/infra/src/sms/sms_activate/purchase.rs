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
        Content::Token { head, rest } if head == "ACCESS_NUMBER" => {
            Some(rest.as_deref().and_then(from_token))
        }
        Content::Json(value) if field(value, &TRACES).is_some() => Some(from_json(value)),
        _ => None,
    };
    match found {
        Some(Some(activation)) => return Ok(activation),
        Some(None) => return Err(unknown("a number that cannot be read", true)),
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
