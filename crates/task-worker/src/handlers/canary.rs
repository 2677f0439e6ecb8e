use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    store::Store,
    tasks::{Claim, Done, Policy, TaskFailure, TaskHandler, TaskKind, Watch, commit_finished},
};
use tokio::time::sleep;

/// Proves that tasks are done, in time and once: its effect is a row, stored by the transaction
/// that finishes the task.
///
/// The subject is a name, or a name and for how many milliseconds the task is held before it takes
/// effect, as in `drill:1500`.
pub struct Canary {
    store: Arc<dyn Store>,
}

impl Canary {
    const POLICY: Policy = Policy {
        max_attempts: 1000, // never given up for being killed: that is what it is there for
        timeout: Duration::from_mins(5),
        backoff: Duration::from_millis(250),
        backoff_cap: Duration::from_secs(5),
        concurrency: 16,
    };

    /// Wires the handler.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    fn hold(claim: &Claim) -> Result<Duration, TaskFailure> {
        match claim.subject.as_str().split_once(':') {
            None => Ok(Duration::ZERO),
            Some((_, millis)) => {
                let millis = millis.parse();
                millis.map(Duration::from_millis).map_err(TaskFailure::permanent)
            }
        }
    }
}

#[async_trait]
impl TaskHandler for Canary {
    fn kind(&self) -> TaskKind {
        TaskKind::Canary
    }

    fn policy(&self) -> Policy {
        Self::POLICY
    }

    async fn run(&self, claim: &Claim, _watch: &dyn Watch) -> Result<Done, TaskFailure> {
        sleep(Self::hold(claim)?).await;
        let mut uow = self.store.begin().await?;
        uow.tasks().sing(claim).await?;
        commit_finished(uow, claim).await
    }
}
