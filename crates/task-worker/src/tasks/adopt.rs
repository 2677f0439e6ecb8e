use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{tasks::TaskQueue, time::Clock};

use crate::{Progress, Task, TaskError};

/// Stores the tasks that an earlier version, which had none, did not store. Idle once the last of
/// its processes has ended.
pub struct Adopt {
    queue: Arc<dyn TaskQueue>,
    clock: Arc<dyn Clock>,
}

impl Adopt {
    /// What is younger may be about to get its task.
    const AGE: Duration = Duration::from_mins(1);

    /// Wires the task.
    pub fn new(queue: Arc<dyn TaskQueue>, clock: Arc<dyn Clock>) -> Self {
        Self { queue, clock }
    }
}

#[async_trait]
impl Task for Adopt {
    async fn run(&self) -> Result<Progress, TaskError> {
        let adopted = self.queue.adopt(self.clock.now() - Self::AGE).await?;
        if adopted > 0 {
            tracing::info!(adopted, "stored {adopted} tasks that were missing");
        }
        Ok(Progress::Done)
    }
}
