use axum::http::StatusCode;

use super::error::StripeError;
use crate::protocols::shelf::Shelf;

const KEY_CHARS: usize = 255;

/// Replies by idempotency key.
#[derive(Default)]
pub(super) struct Replies(Shelf<Entry>);

struct Entry {
    /// Path and body, which have to be the same each time.
    request: Vec<u8>,
    /// Absent while the first call is being handled.
    reply: Option<String>,
}

/// What to do with a call that carries a key.
#[derive(Debug)]
pub(super) enum Turn {
    First,
    Replay(String),
}

impl Replies {
    /// Takes the key for this request, or finds what it led to before.
    pub(super) fn begin(&mut self, key: &str, request: Vec<u8>) -> Result<Turn, StripeError> {
        if key.chars().count() > KEY_CHARS {
            return Err(StripeError::invalid(format!(
                "Idempotency keys can have up to {KEY_CHARS} characters."
            )));
        }
        match self.0.get(key) {
            None => {
                self.0.insert(key, Entry { request, reply: None });
                Ok(Turn::First)
            }
            Some(entry) if entry.request != request => Err(StripeError::new(
                StatusCode::BAD_REQUEST,
                "idempotency_error",
                format!(
                    "Keys for idempotent requests can only be used with the same parameters they \
                     were first used with. Try using a key other than '{key}' if you meant to \
                     execute a different request."
                ),
            )),
            Some(Entry { reply: Some(reply), .. }) => Ok(Turn::Replay(reply.clone())),
            Some(_) => Err(StripeError::new(
                StatusCode::CONFLICT,
                "idempotency_error",
                "There is currently another in-progress request using this idempotency key. \
                 Please try again later.",
            )
            .code("idempotency_key_in_use")),
        }
    }

    /// Keeps the reply for the next call with the key; without one, the key is free again.
    pub(super) fn end(&mut self, key: &str, reply: Option<String>) {
        match (reply, self.0.get_mut(key)) {
            (Some(reply), Some(entry)) => entry.reply = Some(reply),
            _ => self.0.remove(key),
        }
    }
}
