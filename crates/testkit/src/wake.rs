use std::sync::{Mutex, PoisonError};

use domain::outbox::{Queue, Wake};

/// Remembers which queues were poked.
#[derive(Debug, Default)]
pub struct RecordingWake {
    woken: Mutex<Vec<Queue>>,
}

impl RecordingWake {
    /// All pokes since the last call, in order.
    pub fn take(&self) -> Vec<Queue> {
        std::mem::take(&mut self.woken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wake for RecordingWake {
    fn wake(&self, queue: Queue) {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner).push(queue);
    }
}
