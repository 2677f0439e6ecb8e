use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong at the gateway.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "mirrors the document of the control API")]
pub(crate) struct StripeFaults {
    /// Wait before handling, with the idempotency key in use meanwhile.
    latency_ms: u64,
    /// Handle, then never answer.
    pub(super) timeout_after_commit: bool,
    /// Handle, then reset the connection.
    pub(super) drop_after_commit: bool,
    /// Answer 500 instead of handling.
    pub(super) http_500: bool,
    /// Handle, then answer 500; the same idempotency key gets the real answer.
    pub(super) http_500_after_commit: bool,
    /// Pay each new session and deliver its event before the reply to its creation.
    pub(super) before_reply_event: bool,
    /// Answer 429 instead of handling.
    pub(super) http_429: bool,
    /// The only kind of call that is hit; any when absent.
    hits: Option<Hits>,
    /// How many more calls are hit; all when absent.
    remaining: Option<u64>,
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hits {
    /// Opening or expiring a session.
    Sessions,
    /// Giving money back.
    Refunds,
    /// Everything that changes nothing.
    Reads,
}

impl StripeFaults {
    /// What hits the present call.
    pub(super) fn draw(&mut self, kind: Hits) -> Self {
        if self.hits.is_some_and(|hits| hits != kind) {
            return Self::default();
        }
        match &mut self.remaining {
            Some(0) => return Self::default(),
            Some(remaining) => *remaining -= 1,
            None => {}
        }
        *self
    }

    pub(super) fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms)
    }
}
