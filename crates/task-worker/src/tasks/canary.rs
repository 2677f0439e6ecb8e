use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::tasks::{NewTask, Subject, TaskKind, TaskQueue};

use crate::{Progress, Task, TaskError};

/// Sends a canary through the queue, so that its latency is known when nothing else happens.
pub struct Pulse(pub Arc<dyn TaskQueue>);

impl Pulse {
    /// How long it is remembered that canaries took effect.
    const REMEMBERED: Duration = Duration::from_hours(24);
}

#[async_trait]
impl Task for Pulse {
    async fn run(&self) -> Result<Progress, TaskError> {
        self.0.forget_songs(Self::REMEMBERED).await?;
        let subject = Subject::parse("pulse").ok_or("a subject")?;
        self.0.enqueue_now(&NewTask::new(TaskKind::Canary, subject)).await?;
        Ok(Progress::Done)
    }
}
