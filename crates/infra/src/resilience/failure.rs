use std::time::Duration;

use domain::{
    providers::{AcquireError, ProviderError, Refusal},
    time::{Clock, Timestamp},
};

use super::breaker::Health;
use crate::system::SystemClock;

/// The errors of a provider's calls, as far as guarding them is concerned.
pub(super) trait Failure: Sized + Send {
    /// The call was not made, for our own reason.
    fn not_made(reason: &'static str) -> Self;
    /// The call did not end in time.
    fn overdue() -> Self;
    /// What this outcome says about the provider.
    fn health<T>(outcome: &Result<T, Self>) -> Health;
    /// What this outcome is counted under.
    fn label<T>(outcome: &Result<T, Self>) -> &'static str;
}

impl Failure for AcquireError {
    fn not_made(reason: &'static str) -> Self {
        Self::Refused(Refusal::NotAsked(reason))
    }

    fn overdue() -> Self {
        Self::Unknown { reason: "no answer in time", answered: false }
    }

    fn health<T>(outcome: &Result<T, Self>) -> Health {
        let refusal = match outcome {
            Ok(_) => return Health::Good,
            Err(Self::Unknown { .. }) => return Health::Bad,
            Err(Self::Refused(refusal)) => refusal,
        };
        match refusal {
            Refusal::OutOfStock | Refusal::PriceTooLow { .. } | Refusal::Mapping => Health::Good,
            Refusal::Transient | Refusal::Rejected | Refusal::NotAsked(_) => Health::Bad,
            Refusal::UpstreamBalance => {
                Health::Blocked { reason: "our balance there is used up", wait: None }
            }
            Refusal::UpstreamAuth => {
                Health::Blocked { reason: "it does not accept our key", wait: None }
            }
            Refusal::UpstreamBlocked { until } => {
                Health::Blocked { reason: "it blocks us", wait: until.and_then(wait) }
            }
        }
    }

    fn label<T>(outcome: &Result<T, Self>) -> &'static str {
        let refusal = match outcome {
            Ok(_) => return "ok",
            Err(Self::Unknown { .. }) => return "unknown",
            Err(Self::Refused(refusal)) => refusal,
        };
        match refusal {
            Refusal::OutOfStock => "out_of_stock",
            Refusal::PriceTooLow { .. } => "price_too_low",
            Refusal::UpstreamBalance => "balance",
            Refusal::UpstreamBlocked { .. } => "blocked",
            Refusal::UpstreamAuth => "auth",
            Refusal::Mapping => "mapping",
            Refusal::Transient => "transient",
            Refusal::Rejected => "rejected",
            Refusal::NotAsked(_) => "not_asked",
        }
    }
}

impl Failure for ProviderError {
    fn not_made(reason: &'static str) -> Self {
        Self::Unavailable(reason)
    }

    fn overdue() -> Self {
        Self::Unavailable("no answer in time")
    }

    fn health<T>(outcome: &Result<T, Self>) -> Health {
        match outcome {
            // A refusal is about the question, not about the provider's health.
            Ok(_) | Err(Self::Refused(_)) => Health::Good,
            Err(Self::Unavailable(_)) => Health::Bad,
        }
    }

    fn label<T>(outcome: &Result<T, Self>) -> &'static str {
        match outcome {
            Ok(_) => "ok",
            Err(Self::Refused(_)) => "refused",
            Err(Self::Unavailable(_)) => "unavailable",
        }
    }
}

/// How long it is until then; nothing when that is past.
fn wait(until: Timestamp) -> Option<Duration> {
    until.signed_duration_since(SystemClock.now()).to_std().ok()
}
