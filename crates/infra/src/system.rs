//! The real clock and the real source of ids; the only place that asks the operating system.

use chrono::{DurationRound, TimeDelta, Utc};
use domain::time::{Clock, IdGen, Timestamp};
use uuid::Uuid;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Clock port's adapter")]
    fn now(&self) -> Timestamp {
        let now = Utc::now();
        // Postgres keeps microseconds: what is compared later must be what was stored.
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }
}

/// Time-ordered random ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdGen for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is the IdGen port's adapter")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}
