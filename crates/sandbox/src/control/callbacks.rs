//! What the controls of the gateways that call back have in common.

use serde_json::{Map, Value, json};

use super::json::ControlError;
use crate::protocols::gateway::{ActError, Sending};

/// Keeps a mistyped number from flooding the receiver.
const MOST_COPIES: usize = 1000;

pub(super) fn sending<D>(how: Option<D>, times: Option<usize>) -> Sending<D> {
    Sending { how, times: times.unwrap_or(1).min(MOST_COPIES), alter: Map::new() }
}

/// The ids of the callbacks with the first statuses of each.
pub(super) fn deliveries(sent: &[(String, Vec<u16>)]) -> Value {
    let sent = sent.iter().map(|(id, statuses)| json!({ "id": id, "statuses": statuses }));
    json!({ "callbacks": sent.collect::<Vec<_>>() })
}

/// How a payment stands, with what became of its callbacks.
pub(super) fn with_deliveries(mut standing: Value, sent: &[(String, Vec<u16>)]) -> Value {
    if let (Value::Object(standing), Value::Object(sent)) = (&mut standing, deliveries(sent)) {
        standing.extend(sent);
    }
    standing
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
