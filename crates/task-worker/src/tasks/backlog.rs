use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    inbox::CallbackStore,
    tasks::{KindStats, TaskKind, TaskQueue},
    topups::TopupQueries,
};
use metrics::gauge;

use super::sync::wide;
use crate::{Progress, Task, TaskError};

/// Counts what waits, for alerts.
pub struct Backlog {
    callbacks: Arc<dyn CallbackStore>,
    topups: Arc<dyn TopupQueries>,
    queue: Arc<dyn TaskQueue>,
}

impl Backlog {
    /// Wires the task.
    pub fn new(
        callbacks: Arc<dyn CallbackStore>,
        topups: Arc<dyn TopupQueries>,
        queue: Arc<dyn TaskQueue>,
    ) -> Self {
        Self { callbacks, topups, queue }
    }
}

#[async_trait]
impl Task for Backlog {
    async fn run(&self) -> Result<Progress, TaskError> {
        gauge!("sms_inbox_pending").set(wide(self.callbacks.backlog().await?));
        let topups = self.topups.backlog().await?;
        gauge!("topups_open").set(wide(topups.open));
        gauge!("topups_flagged").set(wide(topups.flagged));
        gauge!("topups_oldest_processing_seconds").set(wide(topups.oldest_processing_seconds));
        tell(self.queue.stats().await?);
        Ok(Progress::Done)
    }
}

/// A kind of which nothing is stored any more is told of as well: as none.
fn tell(mut stats: Vec<KindStats>) {
    for kind in TaskKind::ALL.iter().map(|kind| kind.as_str()) {
        if !stats.iter().any(|stats| stats.kind == kind) {
            stats.push(KindStats { kind: kind.to_owned(), ..KindStats::default() });
        }
    }
    for KindStats { kind, waiting, running, oldest_ready, dead } in stats {
        gauge!("queue_waiting", "kind" => kind.clone()).set(wide(waiting));
        gauge!("queue_running", "kind" => kind.clone()).set(wide(running));
        gauge!("queue_dead", "kind" => kind.clone()).set(wide(dead));
        gauge!("queue_oldest_ready_seconds", "kind" => kind).set(oldest_ready);
    }
}
