use std::time::Duration;

use metrics::Gauge;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

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

    /// Nothing when all places stay taken for so long.
    pub(super) async fn enter(&self, patience: Duration) -> Option<Place<'_>> {
        let permit = timeout(patience, self.places.acquire()).await.ok()?.ok()?;
        self.taken.increment(1);
        Some(Place { _permit: permit, taken: &self.taken })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.taken.decrement(1);
    }
}
