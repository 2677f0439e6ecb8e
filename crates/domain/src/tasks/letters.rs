use async_trait::async_trait;

use super::Burial;
use crate::{ids::TaskId, store::StoreError, time::Timestamp};

/// The operator's side: tasks that were given up.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// What lies dead, newest first.
    async fn dead(&self, limit: u32) -> Result<Vec<StoredTask>, StoreError>;

    /// One task, dead or alive.
    async fn task(&self, id: TaskId) -> Result<Option<StoredTask>, StoreError>;

    /// Stores a dead task anew, noting who wanted it. Where its matter has a live task already,
    /// that one runs now instead. False when there is no such dead task.
    async fn retry(&self, id: TaskId, by: &Answerable) -> Result<bool, StoreError>;

    /// Deletes a dead task, noting who wanted it. False when there is none.
    async fn discard(&self, id: TaskId, by: &Answerable) -> Result<bool, StoreError>;
}

/// Who intervenes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answerable {
    /// Whose decision it is.
    pub operator: String,
    /// Their words.
    pub reason: String,
}

/// A task as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTask {
    /// Which one.
    pub id: TaskId,
    /// The stored name of its kind, which this build may not know.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// How it stands.
    pub state: TaskState,
    /// Tries so far.
    pub attempt: u32,
    /// What the last failed try said.
    pub last_error: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// To be claimed from this time on.
    Waiting {
        /// Not before.
        run_at: Timestamp,
    },
    /// Claimed.
    Running {
        /// By whom.
        worker: String,
        /// How long the claim is good.
        until: Timestamp,
    },
    /// Given up.
    Dead {
        /// Since when.
        at: Timestamp,
        /// Why.
        burial: Burial,
    },
}
