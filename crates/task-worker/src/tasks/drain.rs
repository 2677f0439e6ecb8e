use async_trait::async_trait;
use domain::inbox::drain::DrainInbox;

use crate::{Progress, Task, TaskError};

/// Applies SMS callbacks that could not be applied when they came.
pub struct Drain(pub DrainInbox);

#[async_trait]
impl Task for Drain {
    async fn run(&self) -> Result<Progress, TaskError> {
        Ok(Progress::of(self.0.run_once().await?))
    }
}
