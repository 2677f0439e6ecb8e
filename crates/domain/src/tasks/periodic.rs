use std::time::Duration;

use async_trait::async_trait;

use crate::store::StoreError;

/// Decides who runs a periodic task, on the storage's own clock.
///
/// Time is cut into slots as long as the task's interval, and each slot is given out once: so a
/// lock that is lost, forgotten or held by two makes no run happen twice. A slot that nobody took
/// is missed and not made up for, because tasks look at what is stored and not at how often they
/// were run.
#[async_trait]
pub trait Terms: Send + Sync {
    /// Takes the present slot of `task` in the name of `worker`.
    async fn begin_term(
        &self,
        task: &'static str,
        interval: Duration,
        worker: &str,
    ) -> Result<Slot, StoreError>;

    /// Notes how the run of a term ended. False when it was overtaken.
    async fn end_term(&self, term: &Term, succeeded: bool) -> Result<bool, StoreError>;

    /// Forgets runs older than this.
    async fn forget_runs(&self, age: Duration) -> Result<u64, StoreError>;
}

/// The right to commit as the present run of a task, until the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Which task.
    pub task: &'static str,
    /// Higher with each run.
    pub number: i64,
    /// Which slot it runs: when that began, in milliseconds of the Unix epoch.
    pub slot: i64,
}

/// What came of asking for a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Nothing when somebody else has taken it.
    pub term: Option<Term>,
    /// How many slots before it nobody took.
    pub missed: u64,
    /// How long until the next one begins.
    pub next_in: Duration,
}
