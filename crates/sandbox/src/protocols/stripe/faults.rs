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
    /// How many more calls are hit; all when absent.
    remaining: Option<u64>,
}

impl StripeFaults {
    /// What hits the present call.
    pub(super) fn draw(&mut self) -> Self {
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
