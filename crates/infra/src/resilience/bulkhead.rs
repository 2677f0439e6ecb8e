use std::time::Duration;

use metrics::Gauge;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// How long a call waits for another to end: long enough for a burst, far below any deadline.
const QUEUE_WAIT: Duration = Duration::from_millis(100);

/// Bounds the calls to one provider at a time, so that a slow one cannot take up everything.
pub(super) struct Bulkhead {
    places: Semaphore,
    taken: Gauge,
}

/// A place among the running calls.
pub(super) struct Place<'a> {
    _permit: SemaphorePermit<'a>,
    taken: &'a Gauge,
}

impl Bulkhead {
    pub(super) fn new(most: usize, taken: Gauge) -> Self {
        Self { places: Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)), taken }
    }

    /// Nothing when all places stay taken.
    pub(super) async fn enter(&self) -> Option<Place<'_>> {
        let permit = timeout(QUEUE_WAIT, self.places.acquire()).await.ok()?.ok()?;
        self.taken.increment(1);
        Some(Place { _permit: permit, taken: &self.taken })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.taken.decrement(1);
    }
}
