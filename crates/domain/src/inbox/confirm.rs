//! Acting on callbacks that could not be acted on when they came.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    CallbackStore,
    receive::{PullError, Receipt, ReceiveSms},
};
use crate::{
    ids::InboxId,
    store::AsContention,
    tasks::{Claim, Done, FailureClass, Policy, TaskFailure, TaskHandler, TaskKind, Watch},
};

/// Applies a stored callback: one that came before its order had its number, one that the provider
/// did not confirm at first, or one that was taken in by a process which died.
///
/// What becomes of the callback is noted under its lock, so a repeat finds it settled.
#[derive(Clone)]
pub struct ConfirmSms {
    callbacks: Arc<dyn CallbackStore>,
    receive: ReceiveSms,
}

impl ConfirmSms {
    /// Tries for about a day: an order may be adopted late, and a provider be away.
    const POLICY: Policy = Policy {
        max_attempts: 300,
        timeout: Duration::from_mins(1),
        backoff: Duration::from_secs(1),
        backoff_cap: Duration::from_mins(10),
        concurrency: 16,
    };

    /// Wires the handler.
    pub fn new(callbacks: Arc<dyn CallbackStore>, receive: ReceiveSms) -> Self {
        Self { callbacks, receive }
    }
}

#[async_trait]
impl TaskHandler for ConfirmSms {
    fn kind(&self) -> TaskKind {
        TaskKind::ConfirmSms
    }

    fn policy(&self) -> Policy {
        Self::POLICY
    }

    async fn run(&self, claim: &Claim, _: &dyn Watch) -> Result<Done, TaskFailure> {
        let id = claim.subject.as_number().map(InboxId::new);
        let id = id.ok_or_else(|| TaskFailure::permanent("the subject is no callback"))?;
        let stored = self.callbacks.callback(id).await?;
        let stored = stored.ok_or_else(|| TaskFailure::permanent("there is no such callback"))?;
        match self.receive.apply(&stored).await? {
            Receipt::Applied | Receipt::Settled => Ok(Done::Unfinished),
            Receipt::Kept => Err(TaskFailure::transient("no order, or not confirmed")),
        }
    }
}

impl From<PullError> for TaskFailure {
    fn from(error: PullError) -> Self {
        let lost_race = error.is_contention();
        let class = if lost_race { FailureClass::Contention } else { FailureClass::Transient };
        Self::new(class, error)
    }
}
