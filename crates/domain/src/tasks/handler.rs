use std::time::Duration;

use async_trait::async_trait;

use super::{Burial, Claim, TaskKind, Verdict};
use crate::{
    ledger::PostError,
    store::{AsContention, Source, StoreError, UnitOfWork},
};

/// Does the tasks of one kind.
///
/// A run may be repeated: its worker can die at any await, or be believed dead. What a run stores
/// is protected by [`commit_finished`]; what it does outside must stand a repeat.
#[async_trait]
pub trait TaskHandler: Send + Sync {
    /// Which kind.
    fn kind(&self) -> TaskKind;

    /// How often, how long and how many at once.
    fn policy(&self) -> Policy;

    /// One try.
    async fn run(&self, claim: &Claim, watch: &dyn Watch) -> Result<Done, TaskFailure>;
}

/// The terms on which tasks of one kind are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Tries in total.
    pub max_attempts: u32,
    /// A try that takes longer is given up as if its worker had died.
    pub timeout: Duration,
    /// Upper bound of the pause after the first failure; doubles with each further one.
    pub backoff: Duration,
    /// Longest pause.
    pub backoff_cap: Duration,
    /// Tries side by side in one process.
    pub concurrency: u32,
}

impl Policy {
    /// The longest pause after this many tries.
    pub fn pause(&self, attempt: u32) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << attempt.saturating_sub(1).min(20));
        doubled.min(self.backoff_cap)
    }

    /// What becomes of a task whose try failed; nothing when it is not ours any more.
    ///
    /// `part` chooses the pause from zero to its longest, so that tasks which failed together do
    /// not come back together.
    pub fn verdict(
        &self,
        class: FailureClass,
        attempt: u32,
        part: impl Fn(Duration) -> Duration,
    ) -> Option<Verdict> {
        let retry = |least: Duration| {
            if attempt < self.max_attempts {
                Verdict::Retry(least.saturating_add(part(self.pause(attempt))))
            } else {
                Verdict::Bury(Burial::Exhausted)
            }
        };
        match class {
            FailureClass::Permanent => Some(Verdict::Bury(Burial::Permanent)),
            FailureClass::Transient | FailureClass::Contention => Some(retry(Duration::ZERO)),
            FailureClass::Throttled(wait) => Some(retry(wait)),
            FailureClass::Snooze(wait) => Some(Verdict::Snooze(wait)),
            FailureClass::Lost => None,
        }
    }
}

/// What a handler may ask whoever runs it.
pub trait Watch: Send + Sync {
    /// True once nothing new should be begun: the process ends, or the claim is lost.
    fn is_stopping(&self) -> bool;

    /// How long until the try is given up.
    fn remaining(&self) -> Duration;
}

/// How a successful try left its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Ended by the unit that stored the effect.
    Finished,
    /// Still to be ended; there was nothing to store, or storing it twice does no harm.
    Unfinished,
}

/// Why a try did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("a try of the task failed")]
pub struct TaskFailure {
    /// What helps.
    pub class: FailureClass,
    /// What went wrong, without anything secret: operators read it.
    #[source]
    pub error: Source,
}

/// What becomes of a task after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// Trying again will not help.
    Permanent,
    /// Trying again may help.
    Transient,
    /// A race was lost: trying again helps, at once.
    Contention,
    /// Trying again helps, but not before this time.
    Throttled(Duration),
    /// It was too early; the try does not count.
    Snooze(Duration),
    /// Somebody else runs the task by now, and nothing was stored.
    Lost,
}

impl TaskFailure {
    /// A failure with its cause.
    pub fn new(class: FailureClass, error: impl Into<Source>) -> Self {
        Self { class, error: error.into() }
    }

    /// Trying again will not help.
    pub fn permanent(error: impl Into<Source>) -> Self {
        Self::new(FailureClass::Permanent, error)
    }

    /// Trying again may help.
    pub fn transient(error: impl Into<Source>) -> Self {
        Self::new(FailureClass::Transient, error)
    }

    /// It was too early.
    pub fn snooze(wait: Duration, error: impl Into<Source>) -> Self {
        Self::new(FailureClass::Snooze(wait), error)
    }

    /// Somebody else runs the task by now.
    pub fn lost() -> Self {
        Self::new(FailureClass::Lost, "the claim is lost")
    }
}

impl From<StoreError> for TaskFailure {
    fn from(error: StoreError) -> Self {
        let lost_race = error.is_contention();
        let class = if lost_race { FailureClass::Contention } else { FailureClass::Transient };
        Self::new(class, error)
    }
}

impl From<PostError> for TaskFailure {
    /// What the ledger refuses it refuses again; a person has to look.
    fn from(error: PostError) -> Self {
        match error {
            PostError::Store(error) => error.into(),
            refused => Self::permanent(refused),
        }
    }
}

impl AsContention for TaskFailure {
    fn is_contention(&self) -> bool {
        self.class == FailureClass::Contention
    }
}

/// Ends a task inside the unit that stores its effect.
///
/// # Errors
/// When the claim is lost; the unit must be dropped then.
pub async fn finish_in(uow: &mut (dyn UnitOfWork + '_), claim: &Claim) -> Result<(), TaskFailure> {
    if uow.tasks().finish_task(claim).await? { Ok(()) } else { Err(TaskFailure::lost()) }
}

/// Commits a unit together with the end of its task, or nothing when the claim is lost.
///
/// # Errors
/// When the claim is lost or storage failed; nothing is stored then, as far as anybody knows.
pub async fn commit_finished(
    mut uow: Box<dyn UnitOfWork>,
    claim: &Claim,
) -> Result<Done, TaskFailure> {
    finish_in(&mut *uow, claim).await?;
    uow.commit().await?;
    Ok(Done::Finished)
}
