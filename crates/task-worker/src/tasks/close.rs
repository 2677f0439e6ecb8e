use async_trait::async_trait;
use domain::orders::close::CloseUpstream;

use crate::{Progress, Task, TaskError};

/// Tells providers that orders are over.
pub struct Close(pub CloseUpstream);

#[async_trait]
impl Task for Close {
    async fn run(&self) -> Result<Progress, TaskError> {
        Ok(Progress::of(self.0.run_once().await?))
    }
}
