use async_trait::async_trait;
use domain::privacy::forget::ForgetSms;
use metrics::counter;

use crate::{Progress, Task, TaskError};

/// Forgets the texts and codes of SMS whose time is over.
pub struct Forget(pub ForgetSms);

#[async_trait]
impl Task for Forget {
    async fn run(&self) -> Result<Progress, TaskError> {
        let done = self.0.run_once().await?;
        counter!("sms_keys_dropped_total").increment(done.dropped.len() as u64);
        counter!("sms_forgotten_total").increment(done.cleared);
        counter!("sms_sealed_late_total").increment(done.sealed);
        for day in &done.dropped {
            tracing::info!("the SMS of {day} can no longer be read: their key was dropped");
        }
        if done.sealed > 0 {
            tracing::info!("sealed {} rows that were stored in plain text", done.sealed);
        }
        Ok(if done.unfinished { Progress::More } else { Progress::Done })
    }
}
