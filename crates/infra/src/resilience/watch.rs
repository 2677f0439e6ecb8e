use std::time::Duration;

use metrics::{Gauge, counter, gauge, histogram};

use super::breaker::{Moved, Position};

/// The calls of a provider, as metrics name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Acquire,
    ReactivationCost,
    Reactivate,
    Status,
    Cancel,
    Finish,
    Resend,
    Active,
    Catalog,
    Balance,
}

impl Call {
    const fn name(self) -> &'static str {
        match self {
            Self::Acquire => "acquire",
            Self::ReactivationCost => "reactivation_cost",
            Self::Reactivate => "reactivate",
            Self::Status => "status",
            Self::Cancel => "cancel",
            Self::Finish => "finish",
            Self::Resend => "resend",
            Self::Active => "active",
            Self::Catalog => "catalog",
            Self::Balance => "balance",
        }
    }
}

pub(super) fn in_flight(provider: &str) -> Gauge {
    gauge!("provider_in_flight", "provider" => provider.to_owned())
}

/// Counts a call that was made.
pub(super) fn call_made(provider: &str, call: Call, outcome: &'static str, took: Duration) {
    count(provider, call, outcome);
    let seconds = histogram!(
        "provider_call_seconds", "provider" => provider.to_owned(), "call" => call.name()
    );
    seconds.record(took.as_secs_f64());
}

/// Counts a call that we kept to ourselves.
pub(super) fn call_shed(provider: &str, call: Call, reason: &'static str) {
    count(provider, call, reason);
}

fn count(provider: &str, call: Call, outcome: &'static str) {
    let calls = counter!(
        "provider_calls_total",
        "provider" => provider.to_owned(), "call" => call.name(), "outcome" => outcome
    );
    calls.increment(1);
}

/// Shows and logs where a breaker stands.
pub(super) fn breaker_moved(provider: &str, Moved { to, reason }: Moved) {
    let state = gauge!("provider_breaker_state", "provider" => provider.to_owned());
    state.set(f64::from(to as u8));
    match to {
        Position::Open => {
            tracing::warn!(provider.code = provider, reason, "stopped asking {provider}: {reason}");
        }
        Position::HalfOpen => {
            tracing::info!(provider.code = provider, "trying {provider} again");
        }
        Position::Closed => {
            tracing::info!(provider.code = provider, reason, "asking {provider}: {reason}");
        }
    }
}
