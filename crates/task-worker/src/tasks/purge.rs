use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{orders::RequestKeys, tasks::Terms, time::Clock};

use crate::{Progress, Task, TaskError};

/// Forgets idempotency keys that nobody repeats any more, and old runs of periodic tasks.
pub struct Purge {
    keys: Arc<dyn RequestKeys>,
    terms: Arc<dyn Terms>,
    clock: Arc<dyn Clock>,
    keep: Duration,
}

impl Purge {
    /// Rows deleted in one transaction.
    const BATCH: u32 = 5000;
    /// How long operators can see which slots were run, and which were missed.
    const RUNS: Duration = Duration::from_hours(7 * 24);

    /// Wires the task; keys older than `keep` are forgotten.
    pub fn new(
        keys: Arc<dyn RequestKeys>,
        terms: Arc<dyn Terms>,
        clock: Arc<dyn Clock>,
        keep: Duration,
    ) -> Self {
        Self { keys, terms, clock, keep }
    }
}

#[async_trait]
impl Task for Purge {
    async fn run(&self) -> Result<Progress, TaskError> {
        self.terms.forget_runs(Self::RUNS).await?;
        let forgotten = self.keys.forget(self.clock.now() - self.keep, Self::BATCH).await?;
        Ok(if forgotten < u64::from(Self::BATCH) { Progress::Done } else { Progress::More })
    }
}
