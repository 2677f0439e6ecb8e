use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use domain::{
    money::Cost,
    providers::{ProviderError, Refusal},
    time::Timestamp,
};
use serde_json::Value;

use super::{
    reply::{Content, Reply},
    value::{cost, field, text},
    words::{Signal, known, refusal_like},
};

/// The longest wait a provider can impose by its word.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// A complaint with what the provider adds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) signal: Signal,
    /// The least price it accepts.
    minimum: Option<Cost>,
    /// When it lifts its block.
    until: Option<Timestamp>,
}

/// What a reply complains about; nothing when it does not complain in a way we can tell.
///
/// The words count more than the HTTP status, which only decides where there are none.
pub(super) fn complaint(reply: &Reply, content: &Content) -> Option<Complaint> {
    let nothing = Value::Null;
    let (signal, info, rest) = match content {
        Content::Json(value) => {
            let info = field(value, &["info"]).unwrap_or(&nothing);
            let signal = error_word(value).map(|word| known(&word).unwrap_or(Signal::Other));
            (signal.map(|signal| narrowed(signal, info)), info, None)
        }
        Content::Token { head, rest } => {
            (known(head).or_else(|| refusal_like(head)), &nothing, rest.as_deref())
        }
        Content::Sentence(line) => (known(line), &nothing, None),
        Content::Empty | Content::Unreadable => (None, &nothing, None),
    };
    let readable = !matches!(content, Content::Empty | Content::Unreadable);
    let signal = signal.or_else(|| by_status(reply, readable))?;
    let minimum = info.get("min").and_then(cost).or_else(|| rest.and_then(Cost::parse));
    let until = until(reply, info, rest);
    Some(Complaint { signal, minimum, until })
}

impl Complaint {
    /// What it means for a purchase, where it is a definite no.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        Some(match self.signal {
            Signal::OutOfStock => Refusal::OutOfStock,
            Signal::PriceTooLow => Refusal::PriceTooLow { minimum: self.minimum },
            Signal::Balance => Refusal::UpstreamBalance,
            Signal::Blocked => Refusal::UpstreamBlocked { until: self.until },
            Signal::Auth => Refusal::UpstreamAuth,
            Signal::Mapping | Signal::UnknownAction => Refusal::Mapping,
            Signal::Transient => Refusal::Transient,
            Signal::Other => Refusal::Rejected,
            Signal::Broken
            | Signal::TooEarly
            | Signal::Delivered
            | Signal::NotAllowed
            | Signal::Missing
            | Signal::NothingActive => return None,
        })
    }

    /// What it means for a question that it does not answer.
    pub(super) fn error(&self) -> ProviderError {
        match self.signal {
            Signal::Auth => ProviderError::Refused("our key is not accepted"),
            Signal::UnknownAction => ProviderError::Refused("unknown action"),
            Signal::Mapping => ProviderError::Refused("parameters not accepted"),
            Signal::Blocked => ProviderError::Unavailable("it blocks us"),
            Signal::Transient | Signal::Broken => ProviderError::Unavailable("it failed"),
            _ => ProviderError::Unavailable("refused in unexpected words"),
        }
    }
}

/// Why a reply answers no question: by its complaint, or because it says nothing we understand.
pub(super) fn unanswered(reply: &Reply, content: &Content) -> ProviderError {
    match complaint(reply, content) {
        Some(complaint) => complaint.error(),
        None if reply.is_success() => ProviderError::Unavailable("not in the protocol"),
        None => ProviderError::Unavailable("HTTP error"),
    }
}

/// The word by which a JSON document says that it is an error; empty when it only says so.
fn error_word(value: &Value) -> Option<String> {
    let word = |names: &[&str]| field(value, names).and_then(text);
    if let Some(title) = word(&["title"]) {
        return Some(title);
    }
    let status = field(value, &["status"]);
    let failed = status.is_some_and(|status| match status {
        Value::String(text) => matches!(text.as_str(), "error" | "false" | "fail" | "0"),
        Value::Bool(good) => !good,
        Value::Number(number) => number.as_i64() == Some(0),
        _ => false,
    });
    if failed {
        return Some(word(&["message", "error", "msg"]).unwrap_or_default());
    }
    match field(value, &["error"])? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Object(error) => error.get("code").and_then(text),
        _ => None,
    }
}

/// A block of this scope concerns one pair of country and service, not the account.
fn narrowed(signal: Signal, info: &Value) -> Signal {
    let narrow = info.get("scope").is_some_and(|scope| scope == "specific");
    if narrow && signal == Signal::Blocked { Signal::OutOfStock } else { signal }
}

fn by_status(reply: &Reply, readable: bool) -> Option<Signal> {
    match reply.status {
        401 => Some(Signal::Auth),
        402 => Some(Signal::Balance),
        422 if readable => Some(Signal::Mapping),
        429 => Some(Signal::Blocked),
        _ => (readable && reply.is_refusal()).then_some(Signal::Other),
    }
}

fn until(reply: &Reply, info: &Value, rest: Option<&str>) -> Option<Timestamp> {
    let seconds = info.get("retry_after_seconds").and_then(Value::as_u64);
    let wait = seconds.map(Duration::from_secs).or(reply.retry_after);
    if let Some(wait) = wait {
        return Some(reply.received_at + wait.min(LONGEST_WAIT));
    }
    let unix = info.get("banned_until").and_then(Value::as_i64);
    let at = unix.and_then(|unix| DateTime::from_timestamp(unix, 0)).or_else(|| rest.and_then(day));
    at.map(|at| at.min(reply.received_at + LONGEST_WAIT))
}

/// The time in `BANNED:'2026-11-20 10-30-00'` names no zone. Reading it as the easternmost one in
/// use, Moscow's, errs on the early side, where all we lose is one more refusal.
fn day(text: &str) -> Option<Timestamp> {
    let text = text.trim_matches(['\'', '"', ' ']);
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H-%M-%S").ok()?;
    local.and_utc().checked_sub_signed(TimeDelta::hours(3))
}

#[cfg(test)]
mod tests;
