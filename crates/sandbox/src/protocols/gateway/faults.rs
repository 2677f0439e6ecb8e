use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The calls a shop makes to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallKind {
    Create,
    Status,
    Refund,
}

/// What goes wrong at the gateway.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "mirrors the document of the control API")]
pub(crate) struct GatewayFaults {
    /// Hits calls of this kind only; all when absent.
    only: Option<CallKind>,
    /// Wait before handling.
    latency_ms: u64,
    /// Reset the connection instead of handling.
    pub(super) drop: bool,
    /// Answer 500 instead of handling.
    pub(super) http_500: bool,
    /// Handle, then never answer.
    pub(super) timeout_after_commit: bool,
    /// Handle, then reset the connection.
    pub(super) drop_after_commit: bool,
    /// Handle, then answer 500.
    pub(super) http_500_after_commit: bool,
    /// Handle, then answer 200 with a web page.
    pub(super) garbage_after_commit: bool,
    /// Pay what was created and call back before the reply is written.
    pub(crate) before_reply_callback: bool,
    /// How many more calls are hit; all when absent.
    remaining: Option<u64>,
}

impl GatewayFaults {
    /// What hits the present call.
    pub(crate) fn draw(&mut self, kind: CallKind) -> Self {
        if self.only.is_some_and(|only| only != kind) {
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

#[cfg(test)]
mod tests {
    use super::{CallKind, GatewayFaults};

    #[test]
    fn hits_the_named_calls_and_only_so_many_of_them() {
        let mut faults = GatewayFaults {
            only: Some(CallKind::Create),
            http_500: true,
            remaining: Some(1),
            ..GatewayFaults::default()
        };
        assert!(!faults.draw(CallKind::Status).http_500);
        assert!(faults.draw(CallKind::Create).http_500);
        assert!(!faults.draw(CallKind::Create).http_500);
    }
}
