use async_trait::async_trait;
use domain::topups::poll::{CatchUp, PollTopups};
use metrics::counter;

use crate::{Progress, Task, TaskError};

/// Has gateways asked about top-ups of which they did not tell.
pub struct Watch(pub PollTopups);

#[async_trait]
impl Task for Watch {
    async fn run(&self) -> Result<Progress, TaskError> {
        Ok(Progress::of(self.0.run_once().await?))
    }
}

/// Fetches notifications that did not arrive.
pub struct Missed(pub CatchUp);

#[async_trait]
impl Task for Missed {
    async fn run(&self) -> Result<Progress, TaskError> {
        let found = self.0.run_once().await?;
        let count = u64::try_from(found).unwrap_or(u64::MAX);
        counter!("payment_notices_missed_total").increment(count);
        if found > 0 {
            tracing::info!(found, "{found} notifications of gateways had not arrived");
        }
        Ok(Progress::Done)
    }
}
