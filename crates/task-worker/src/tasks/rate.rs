use async_trait::async_trait;
use domain::rates::RefreshRate;
use metrics::gauge;

use super::sync::wide;
use crate::{Progress, Task, TaskError};

/// Learns what a dollar costs.
pub struct Rate(pub RefreshRate);

#[async_trait]
impl Task for Rate {
    async fn run(&self) -> Result<Progress, TaskError> {
        let learned = self.0.run_once().await;
        gauge!("exchange_rate_fresh").set(if learned.is_ok() { 1.0 } else { 0.0 });
        gauge!("exchange_rate_idr_per_usd").set(wide(learned?.get()));
        Ok(Progress::Done)
    }
}
