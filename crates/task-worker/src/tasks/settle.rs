use async_trait::async_trait;
use domain::orders::settle::SettleReserving;

use crate::{Progress, Task, TaskError};

/// Finishes purchases whose outcome nobody heard.
pub struct Settle(pub SettleReserving);

#[async_trait]
impl Task for Settle {
    async fn run(&self) -> Result<Progress, TaskError> {
        Ok(Progress::of(self.0.run_once().await?))
    }
}
