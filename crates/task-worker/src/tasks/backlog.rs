use std::sync::Arc;

use async_trait::async_trait;
use domain::{inbox::CallbackStore, topups::PaymentInbox};
use metrics::gauge;

use super::sync::wide;
use crate::{Progress, Task, TaskError};

/// Counts what waits, for alerts.
pub struct Backlog {
    callbacks: Arc<dyn CallbackStore>,
    payments: Arc<dyn PaymentInbox>,
}

impl Backlog {
    /// Wires the task.
    pub fn new(callbacks: Arc<dyn CallbackStore>, payments: Arc<dyn PaymentInbox>) -> Self {
        Self { callbacks, payments }
    }
}

#[async_trait]
impl Task for Backlog {
    async fn run(&self) -> Result<Progress, TaskError> {
        let (pending, parked) = self.callbacks.backlog().await?;
        gauge!("sms_inbox_pending").set(wide(pending));
        gauge!("sms_inbox_parked").set(wide(parked));
        let (pending, open) = self.payments.backlog().await?;
        gauge!("payment_inbox_pending").set(wide(pending));
        gauge!("payment_inbox_open").set(wide(open));
        Ok(Progress::Done)
    }
}
