use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, SecondsFormat};

/// The sandbox's own time: the real one plus what the control API added.
#[derive(Default)]
pub(crate) struct Clock {
    ahead_ms: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> Moment {
        Moment(Moment::real().0.saturating_add(self.ahead_ms.load(Ordering::Relaxed)))
    }

    pub(crate) fn advance(&self, seconds: u32) {
        self.ahead_ms.fetch_add(millis(seconds), Ordering::Relaxed);
    }
}

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i64);

impl Moment {
    /// The time outside the sandbox. Signatures use it, because their receiver lives there.
    pub(crate) fn real() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    pub(crate) const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub(crate) const fn plus_seconds(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(millis(seconds)))
    }

    /// `2022-06-01 17:30:57` in UTC, the form of every time in the `sms_activate` protocol.
    pub(crate) fn naive(self) -> String {
        self.utc().format("%Y-%m-%d %H:%M:%S").to_string()
    }

    pub(crate) fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    fn utc(self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

const fn millis(seconds: u32) -> i64 {
    seconds as i64 * 1000
}
