use async_trait::async_trait;
use domain::topups::credit::CreditTopups;

use crate::{Progress, Task, TaskError};

/// Turns payments into balance.
pub struct Credit(pub CreditTopups);

#[async_trait]
impl Task for Credit {
    async fn run(&self) -> Result<Progress, TaskError> {
        Ok(Progress::of(self.0.run_once().await?))
    }
}
