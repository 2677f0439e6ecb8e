//! Time and fresh ids, read once per use case and passed on as values.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An instant, in microseconds because that is what Postgres keeps.
pub type Timestamp = DateTime<Utc>;

/// A date in UTC.
pub type Day = chrono::NaiveDate;

/// Where the present comes from.
pub trait Clock: Send + Sync {
    /// The present, truncated to microseconds.
    fn now(&self) -> Timestamp;
}

/// Where internal ids come from.
pub trait IdGen: Send + Sync {
    /// A fresh time-ordered id.
    fn uuid(&self) -> Uuid;
}
