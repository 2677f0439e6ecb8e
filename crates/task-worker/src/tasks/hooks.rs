use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{hooks::HookQueries, time::Clock};
use metrics::gauge;

use super::sync::wide;
use crate::{Progress, Task, TaskError};

/// Measures what customers' servers are yet to be told, and forgets messages that ended long ago.
pub struct Hooks {
    queries: Arc<dyn HookQueries>,
    clock: Arc<dyn Clock>,
    keep: Duration,
}

impl Hooks {
    /// Rows deleted in one transaction.
    const BATCH: u32 = 2000;

    /// Wires the task; messages that ended longer than `keep` ago are forgotten.
    pub fn new(queries: Arc<dyn HookQueries>, clock: Arc<dyn Clock>, keep: Duration) -> Self {
        Self { queries, clock, keep }
    }
}

#[async_trait]
impl Task for Hooks {
    async fn run(&self) -> Result<Progress, TaskError> {
        let vitals = self.queries.hook_vitals().await?;
        gauge!("webhook_messages_waiting").set(wide(vitals.waiting));
        gauge!("webhook_oldest_untried_seconds").set(vitals.oldest_untried);
        gauge!("webhook_endpoints_active").set(wide(vitals.active));
        gauge!("webhook_endpoints_disabled").set(wide(vitals.disabled));
        let before = self.clock.now() - self.keep;
        let forgotten = self.queries.forget_messages(before, Self::BATCH).await?;
        Ok(if forgotten < u64::from(Self::BATCH) { Progress::Done } else { Progress::More })
    }
}
