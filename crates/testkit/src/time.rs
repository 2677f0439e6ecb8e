use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::DateTime;
use domain::time::{Clock, IdGen, Timestamp};
use uuid::Uuid;

/// The instant at which every [`FixedClock`] starts.
pub fn start_of_time() -> Timestamp {
    DateTime::UNIX_EPOCH + Duration::from_hours(500_000)
}

/// A clock that stands still until it is moved by hand.
#[derive(Debug)]
pub struct FixedClock {
    now: Mutex<Timestamp>,
}

impl Default for FixedClock {
    fn default() -> Self {
        Self { now: Mutex::new(start_of_time()) }
    }
}

impl FixedClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now += by;
    }

    /// Moves the clock forward by whole seconds.
    pub fn advance_seconds(&self, seconds: u64) {
        self.advance(Duration::from_secs(seconds));
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids that count from one.
#[derive(Debug, Default)]
pub struct SeqIds {
    last: AtomicU64,
}

impl IdGen for SeqIds {
    fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.last.fetch_add(1, Ordering::Relaxed) + 1))
    }
}
