use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use domain::{
    ids::TaskId,
    store::Store,
    tasks::{
        Claim, Done, NewTask, Policy, Subject, TaskFailure, TaskHandler, TaskKind, TaskQueue,
        Watch, commit_finished,
    },
};

use super::Market;
use crate::{MemStore, Outcome};

/// The plainest of all tasks: its effect shows how often it was done.
pub(super) struct Canary(pub(super) MemStore);

#[async_trait]
impl TaskHandler for Canary {
    fn kind(&self) -> TaskKind {
        TaskKind::Canary
    }

    fn policy(&self) -> Policy {
        Policy {
            max_attempts: 1_000,
            timeout: Duration::from_mins(1),
            backoff: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(5),
            concurrency: 1,
        }
    }

    async fn run(&self, claim: &Claim, _: &dyn Watch) -> Result<Done, TaskFailure> {
        let mut uow = self.0.begin().await?;
        uow.tasks().sing(claim).await?;
        commit_finished(uow, claim).await
    }
}

impl Market {
    /// Stores a canary.
    pub async fn send_canary(&self, name: &str) -> Outcome {
        let subject = Subject::parse(name).ok_or("a name")?;
        Ok(self.store.enqueue_now(&NewTask::new(TaskKind::Canary, subject)).await?)
    }

    /// Proves that no canary sang twice; answers how many sang.
    pub async fn check_canaries(&self) -> Outcome<usize> {
        let songs = self.store.songs().await;
        let singers: BTreeSet<TaskId> = songs.iter().copied().collect();
        if singers.len() == songs.len() {
            return Ok(songs.len());
        }
        Err(format!("canaries sang more than once: {songs:?}").into())
    }
}
