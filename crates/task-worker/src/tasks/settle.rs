use async_trait::async_trait;
use domain::orders::settle::SettleReserving;
use metrics::counter;

use crate::{Progress, Task, TaskError};

/// Finishes purchases whose outcome nobody heard.
pub struct Settle(pub SettleReserving);

#[async_trait]
impl Task for Settle {
    async fn run(&self) -> Result<Progress, TaskError> {
        let settled = self.0.run_once().await?;
        let written_off = u64::try_from(settled.written_off).unwrap_or(u64::MAX);
        counter!("orphan_numbers_charged_total").increment(written_off);
        Ok(Progress::of(settled.orders))
    }
}
