use async_trait::async_trait;
use domain::orders::poll::PollActive;

use crate::{Progress, Task, TaskError};

/// Asks providers about running orders.
pub struct Poll(pub PollActive);

#[async_trait]
impl Task for Poll {
    async fn run(&self) -> Result<Progress, TaskError> {
        Ok(Progress::of(self.0.run_once().await?))
    }
}
