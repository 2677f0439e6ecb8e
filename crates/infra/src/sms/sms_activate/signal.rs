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
};

/// The longest wait a provider can impose by its word.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// What a provider complains about, across all dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    OutOfStock,
    PriceTooLow,
    Balance,
    Blocked,
    Auth,
    UnknownAction,
    Mapping,
    /// Failed before doing anything.
    Transient,
    /// Failed at an unknown point.
    Broken,
    TooEarly,
    Delivered,
    /// The activation's state does not allow it.
    NotAllowed,
    Missing,
    NothingActive,
    /// A refusal in words we do not know.
    Other,
}

/// Upper-case forms of every known word; blanks are written as underscores.
const WORDS: [(Signal, &[&str]); 14] = [
    (
        Signal::OutOfStock,
        &[
            "NO_NUMBERS",
            "NO_NUMBER",
            "NO_FREE_PHONES",
            "NO_PROVIDERS",
            "OUT_OF_STOCK",
            "NOT_AVAILABLE",
            // Not sold at all, or not to us: nothing that waiting or asking for others changes.
            "SERVICE_NOT_AVAILABLE",
            "WHATSAPP_NOT_AVAILABLE",
            "SERVICE_UNAVAILABLE_REGION",
            "NO_YULA_MAIL",
            "THE_SERVICE_IS_PROHIBITED_FOR_SALE_BY_ADMINISTRATION",
        ],
    ),
    (Signal::PriceTooLow, &["WRONG_MAX_PRICE", "BAD_MAX_PRICE"]),
    (
        Signal::Balance,
        &[
            "NO_BALANCE",
            "NO_BALANCE_FORWARD",
            "NO_MONEY",
            "NOT_ENOUGH_BALANCE",
            "NOT_ENOUGH_USER_BALANCE",
            "INSUFFICIENT_BALANCE",
        ],
    ),
    (
        Signal::Blocked,
        &[
            "BANNED",
            "CHANNELS_LIMIT",
            "ACCOUNT_INACTIVE",
            "NOT_ENOUGH_RATING",
            "RATE_LIMIT",
            "RATE_LIMITED",
            "TOO_MANY_REQUESTS",
        ],
    ),
    (
        Signal::Auth,
        &[
            "BAD_KEY",
            "NO_KEY",
            "WRONG_KEY",
            "INVALID_KEY",
            "BAD_API_KEY",
            "INVALID_API_KEY",
            "WRONG_API_KEY",
            "NO_ACCESS",
            "UNAUTHORIZED",
        ],
    ),
    (
        Signal::UnknownAction,
        &["BAD_ACTION", "WRONG_ACTION", "NO_ACTION", "UNKNOWN_ACTION", "INVALID_ACTION"],
    ),
    (
        Signal::Mapping,
        &[
            "BAD_SERVICE",
            "WRONG_SERVICE",
            "SERVICE_IS_INCORRECT",
            "BAD_COUNTRY",
            "WRONG_COUNTRY",
            "COUNTRY_IS_INCORRECT",
            "BAD_VALUES",
            "BAD_FIXED_PRICE",
            "WRONG_EXCEPTION_PHONE",
            "UNPROCESSABLE_ENTITY",
        ],
    ),
    (Signal::Transient, &["ERROR_SQL", "SQL_ERROR"]),
    (Signal::Broken, &["SERVER_ERROR", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "ERROR"]),
    (Signal::TooEarly, &["EARLY_CANCEL_DENIED", "TOO_EARLY", "YOU_NEED_TO_WAIT_TIME"]),
    (Signal::Delivered, &["OTP_RECEIVED", "NEW_OTP_RECEIVED", "ORDER_HAS_SMS"]),
    (
        Signal::NotAllowed,
        &[
            "BAD_STATUS",
            "INCORECT_STATUS",
            "ACTIVATION_NOT_ACTIVE",
            "FREE_CANCELLATION_EXPIRED",
            "ALREADY_FINISH",
            "ALREADY_CANCEL",
            "CANT_CANCEL",
            "ORDER_EXPIRED",
        ],
    ),
    (
        Signal::Missing,
        &[
            "NO_ACTIVATION",
            "NOT_FOUND",
            "WRONG_ACTIVATION_ID",
            "INVALID_ACTIVATION_ID",
            "ORDER_NOT_FOUND",
        ],
    ),
    (Signal::NothingActive, &["NO_ACTIVATIONS"]),
];

/// Parts of tokens by which an unknown one shows that it is a refusal.
const NEGATIONS: [&str; 14] = [
    "NO",
    "NOT",
    "BAD",
    "WRONG",
    "INVALID",
    "ERROR",
    "DENIED",
    "BANNED",
    "BLOCKED",
    "FORBIDDEN",
    "LIMIT",
    "EXCEED",
    "UNAVAILABLE",
    "REQUIRED",
];

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

fn known(word: &str) -> Option<Signal> {
    let normal: String = word.trim().trim_end_matches('.').to_ascii_uppercase().replace(' ', "_");
    // Web servers say "Not Found" about their own pages.
    if normal == "NOT_FOUND" && word != "NOT_FOUND" {
        return None;
    }
    // With details behind a colon, as the JSON forms of some tokens have them.
    let normal = normal.split(':').next().unwrap_or_default();
    WORDS.iter().find(|(_, words)| words.contains(&normal)).map(|(signal, _)| *signal)
}

/// An unknown token is taken for a refusal only when it sounds like one: a purchase must not be
/// repeated elsewhere because of a new word for success.
fn refusal_like(head: &str) -> Option<Signal> {
    let success = head.starts_with("ACCESS_") || head.starts_with("STATUS_");
    let refuses = head.split('_').any(|part| NEGATIONS.contains(&part));
    (refuses && !success).then_some(Signal::Other)
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
