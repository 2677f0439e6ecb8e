use std::sync::Arc;

use async_trait::async_trait;
use domain::hooks::HookQueries;
use metrics::gauge;

use super::sync::wide;
use crate::{Progress, Task, TaskError};

/// Measures what customers' servers are yet to be told.
pub struct Hooks(pub Arc<dyn HookQueries>);

#[async_trait]
impl Task for Hooks {
    async fn run(&self) -> Result<Progress, TaskError> {
        let vitals = self.0.hook_vitals().await?;
        gauge!("webhook_messages_waiting").set(wide(vitals.waiting));
        gauge!("webhook_oldest_untried_seconds").set(vitals.oldest_untried);
        gauge!("webhook_endpoints_active").set(wide(vitals.active));
        gauge!("webhook_endpoints_disabled").set(wide(vitals.disabled));
        Ok(Progress::Done)
    }
}
