use std::any::Any;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::task::JoinHandle;

/// First pause before a loop is restarted; doubles with each failure in a row.
const BACKOFF_FLOOR: Duration = Duration::from_millis(200);
/// Longest pause: short enough that a healed dependency is noticed within a minute.
const BACKOFF_CEILING: Duration = Duration::from_secs(30);

/// What a task may end with: nothing, or a result whose error is logged.
pub trait TaskResult: Send + 'static {
    /// The error, if it is one.
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>>;
}

impl TaskResult for () {
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        None
    }
}

impl<E> TaskResult for Result<(), E>
where
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.err().map(Into::into)
    }
}

/// The one place where tasks come to life.
#[expect(clippy::disallowed_methods, reason = "the supervisor is who shutdown waits for")]
pub(crate) fn start<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}

/// Doubles from the floor to the ceiling; the random half keeps replicas from moving in step.
pub(crate) fn backoff(failures_in_a_row: u32) -> Duration {
    let doubled = BACKOFF_FLOOR.saturating_mul(1 << failures_in_a_row.min(16));
    let capped = doubled.min(BACKOFF_CEILING);
    // Each RandomState has fresh keys, which is all the randomness a pause needs.
    let random = RandomState::new().hash_one(failures_in_a_row) % 1000;
    capped / 2 + (capped / 2).mul_f64(f64::from(u16::try_from(random).unwrap_or(0)) / 1000.0)
}

/// The error and its causes in one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without text")
}
