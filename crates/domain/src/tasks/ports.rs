use std::time::Duration;

use async_trait::async_trait;

use super::{NewTask, Subject, TaskKind, Term};
use crate::{ids::TaskId, store::StoreError, time::Timestamp};

/// Tasks inside a unit of work.
///
/// Call these last in a unit: whoever finishes a task holds the rows of its matter already, so
/// holding the task first would have the two wait for each other.
#[async_trait]
pub trait TaskRepo: Send {
    /// Stores a task that becomes visible with the commit of this unit.
    ///
    /// One that lives already under the same kind and subject hears of it instead: if it waits it
    /// runs at the earlier time, and if it is being run it runs once more afterwards. Either way
    /// its tries begin anew.
    async fn enqueue(&mut self, task: &NewTask) -> Result<(), StoreError>;

    /// Removes a task that waits for something to be confirmed. One that is being run is left to
    /// find out for itself; other kinds are refused.
    async fn withdraw(&mut self, kind: TaskKind, subject: &Subject) -> Result<(), StoreError>;

    /// Ends a claimed task together with its effect. False when somebody else has claimed it
    /// since: the effect must not be committed then.
    async fn finish_task(&mut self, claim: &Claim) -> Result<bool, StoreError>;

    /// Puts a claimed task off together with what was stored of its try; its tries begin anew.
    /// False when somebody else has claimed it since: nothing may be committed then.
    async fn put_off(&mut self, claim: &Claim, pause: Duration) -> Result<bool, StoreError>;

    /// Whether a periodic task's term is still the present one; it stays so until this unit ends.
    /// When it is not, nothing may be committed.
    async fn hold_term(&mut self, term: &Term) -> Result<bool, StoreError>;

    /// Stores the effect of a canary, once per call: that it happens once per task is what is to
    /// be proved.
    async fn sing(&mut self, claim: &Claim) -> Result<(), StoreError>;
}

/// Tasks as workers see them. All times are on the storage's own clock, so that a worker whose
/// clock is wrong takes nobody's lease away.
#[async_trait]
pub trait TaskQueue: Send + Sync {
    /// Claims what is due, oldest first, in the name of `worker`. Each claim counts as a try, so
    /// that a task which kills its worker comes to an end.
    async fn claim(&self, wanted: &[Wanted], worker: &str) -> Result<Claimed, StoreError>;

    /// Renews a lease. False when the claim is lost.
    async fn extend(&self, claim: &Claim) -> Result<bool, StoreError>;

    /// Ends a claimed task whose effect is stored already, or lies outside. False when the claim
    /// is lost.
    async fn finish(&self, claim: &Claim) -> Result<bool, StoreError>;

    /// Notes that a try failed. False when the claim is lost.
    ///
    /// Nothing is buried that heard of something new while it was run: its tries begin anew.
    async fn fail(&self, claim: &Claim, verdict: Verdict, error: &str) -> Result<bool, StoreError>;

    /// Gives back claims of which nothing was begun, as if they had not been made.
    async fn release(&self, claims: &[Claim]) -> Result<(), StoreError>;

    /// Names of all kinds that have a live task, also of those this build does not know.
    async fn kinds(&self) -> Result<Vec<String>, StoreError>;

    /// What waits, runs and lies dead, by kind.
    async fn stats(&self) -> Result<Vec<KindStats>, StoreError>;

    /// Stores the tasks of orders that ended, and of open callbacks that came, until `until` and
    /// have none: those which an earlier version has left behind. Tells how many there were.
    async fn adopt(&self, until: Timestamp) -> Result<u64, StoreError>;

    /// Effects of canaries older than this are deleted.
    async fn forget_songs(&self, age: Duration) -> Result<u64, StoreError>;

    /// Stores a task on its own.
    async fn enqueue_now(&self, task: &NewTask) -> Result<(), StoreError>;
}

/// How many tasks of a kind a worker has room for, and on what terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Which kind.
    pub kind: TaskKind,
    /// How many at most.
    pub room: u32,
    /// For how long a claim is good unless it is extended.
    pub lease: Duration,
    /// Tries in total. A task that has used them up without a word is buried instead of claimed.
    pub max_attempts: u32,
}

/// What a worker got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claimed {
    /// To be run.
    pub claims: Vec<Claim>,
    /// Given up, because all tries ended with the death of their worker.
    pub buried: Vec<Buried>,
}

/// A task that was given up while claiming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buried {
    /// Which one.
    pub id: TaskId,
    /// What was to be done.
    pub kind: TaskKind,
}

/// The right to run a task until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Which task.
    pub id: TaskId,
    /// Higher with each claim of a task; only the newest may finish it.
    pub token: i64,
    /// What is to be done.
    pub kind: TaskKind,
    /// With what.
    pub subject: Subject,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// How long one claim or extension lasts.
    pub lease: Duration,
    /// How long the task had been due.
    pub waited: Duration,
    /// Whether an earlier claim ran out without a word.
    pub rescued: bool,
    /// Where the trace goes on in which it was stored, if that was traced: a `traceparent` of W3C
    /// Trace Context. Only telemetry reads it.
    pub trace: Option<String>,
}

/// What becomes of a task whose try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Another try after this time.
    Retry(Duration),
    /// Not yet: later, and this one does not count.
    Snooze(Duration),
    /// No further try; left to the operator.
    Bury(Burial),
}

/// Why a task lies dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Burial {
    /// Its failure is not one that goes away.
    Permanent,
    /// Its tries are used up.
    Exhausted,
    /// Its tries are used up, and the last one ended with its worker.
    Crashed,
}

impl Burial {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Exhausted => "exhausted",
            Self::Crashed => "crashed",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Permanent, Self::Exhausted, Self::Crashed]
            .into_iter()
            .find(|burial| burial.as_str() == text)
    }
}

/// What is stored of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KindStats {
    /// The kind's stored name, which this build may not know.
    pub kind: String,
    /// Waiting, due or not.
    pub waiting: i64,
    /// Claimed.
    pub running: i64,
    /// How long the oldest that could be claimed has been due; what alerts look at.
    pub oldest_ready: Duration,
    /// Left to the operator.
    pub dead: i64,
}
