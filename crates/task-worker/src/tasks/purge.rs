use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{orders::RequestKeys, time::Clock};

use crate::{Progress, Task, TaskError};

/// Forgets idempotency keys that nobody repeats any more.
pub struct Purge {
    keys: Arc<dyn RequestKeys>,
    clock: Arc<dyn Clock>,
    keep: Duration,
}

impl Purge {
    /// Rows deleted in one transaction.
    const BATCH: u32 = 5000;

    /// Wires the task; keys older than `keep` are forgotten.
    pub fn new(keys: Arc<dyn RequestKeys>, clock: Arc<dyn Clock>, keep: Duration) -> Self {
        Self { keys, clock, keep }
    }
}

#[async_trait]
impl Task for Purge {
    async fn run(&self) -> Result<Progress, TaskError> {
        let forgotten = self.keys.forget(self.clock.now() - self.keep, Self::BATCH).await?;
        Ok(if forgotten < u64::from(Self::BATCH) { Progress::Done } else { Progress::More })
    }
}
