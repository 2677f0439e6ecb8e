use async_trait::async_trait;
use domain::orders::expire::ExpireOrders;

use crate::{Progress, Task, TaskError};

/// Ends orders whose window is over.
pub struct Expire(pub ExpireOrders);

#[async_trait]
impl Task for Expire {
    async fn run(&self) -> Result<Progress, TaskError> {
        Ok(Progress::of(self.0.run_once().await?))
    }
}
