use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    retention::{Purged, Record, Retention},
    tasks::Terms,
};
use metrics::{counter, gauge};

use crate::{Progress, Task, TaskError};

/// Deletes what has been over for long enough, and old runs of periodic tasks.
pub struct Purge {
    retention: Arc<dyn Retention>,
    terms: Arc<dyn Terms>,
    keep: Vec<(Record, Duration)>,
}

impl Purge {
    /// Rows deleted in one transaction.
    const BATCH: u32 = 2000;
    /// How long operators can see which slots were run, and which were missed.
    const RUNS: Duration = Duration::from_hours(7 * 24);

    /// Wires the task, with how long what is kept.
    pub fn new(
        retention: Arc<dyn Retention>,
        terms: Arc<dyn Terms>,
        keep: Vec<(Record, Duration)>,
    ) -> Self {
        Self { retention, terms, keep }
    }
}

#[async_trait]
impl Task for Purge {
    async fn run(&self) -> Result<Progress, TaskError> {
        self.terms.forget_runs(Self::RUNS).await?;
        let (mut progress, mut failed) = (Progress::Done, None);
        for (record, keep) in self.keep.iter().copied() {
            match self.retention.purge(record, keep, Self::BATCH).await {
                Ok(purged) => {
                    measure(record, keep, purged);
                    if purged.removed >= u64::from(Self::BATCH) {
                        progress = Progress::More;
                    }
                }
                // One table that cannot be purged keeps no other from it.
                Err(error) => {
                    tracing::warn!(%error, "{} not purged", record.table());
                    failed = Some(error);
                }
            }
        }
        failed.map_or(Ok(progress), |error| Err(error.into()))
    }
}

fn measure(record: Record, keep: Duration, purged: Purged) {
    let (table, oldest) = (record.table(), purged.oldest.unwrap_or_default());
    counter!("retention_purged_total", "table" => table).increment(purged.removed);
    gauge!("retention_oldest_seconds", "table" => table).set(oldest);
    gauge!("retention_overdue_seconds", "table" => table).set(oldest.saturating_sub(keep));
    if purged.removed > 0 {
        let days = keep.as_secs() / 86_400;
        tracing::info!("{} rows of {table} deleted, over for {days} days", purged.removed);
    }
}
