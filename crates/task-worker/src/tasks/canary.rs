use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    store::Store,
    tasks::{NewTask, Subject, TaskKind, TaskQueue, Term},
};

use crate::{Progress, Task, TaskError};

/// Sends a canary through the queue, so that its latency is known when nothing else happens.
pub struct Pulse {
    store: Arc<dyn Store>,
    queue: Arc<dyn TaskQueue>,
}

impl Pulse {
    /// How long it is remembered that canaries took effect.
    const REMEMBERED: Duration = Duration::from_hours(24);

    /// Wires the task.
    pub fn new(store: Arc<dyn Store>, queue: Arc<dyn TaskQueue>) -> Self {
        Self { store, queue }
    }

    async fn send(&self, term: Option<&Term>) -> Result<Progress, TaskError> {
        self.queue.forget_songs(Self::REMEMBERED).await?;
        let subject = Subject::parse("pulse").ok_or("a subject")?;
        let mut uow = self.store.begin().await?;
        if let Some(term) = term
            && !uow.tasks().hold_term(term).await?
        {
            return Err("the term is over".into());
        }
        uow.tasks().enqueue(&NewTask::new(TaskKind::Canary, subject)).await?;
        uow.commit().await?;
        Ok(Progress::Done)
    }
}

#[async_trait]
impl Task for Pulse {
    async fn run(&self) -> Result<Progress, TaskError> {
        self.send(None).await
    }

    async fn run_in(&self, term: &Term) -> Result<Progress, TaskError> {
        self.send(Some(term)).await
    }
}
