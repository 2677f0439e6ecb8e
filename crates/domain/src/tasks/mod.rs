//! Durable work: a row that is stored with its cause and stays until the work is done.
//!
//! A task names its matter and nothing else; whoever runs it reads what is stored then. It is
//! *claimed* for a lease, each time under a higher token, and *finished* in the transaction of its
//! effect if that token is still the newest. So a worker that dies loses nothing, and one that
//! was only believed dead changes nothing.

mod handler;
mod letters;
mod periodic;
mod ports;
mod task;

pub use handler::{
    Done, FailureClass, Policy, TaskFailure, TaskHandler, Watch, commit_finished, finish_in,
};
pub use letters::{Answerable, DeadLetters, StoredTask, TaskState};
pub use periodic::{Slot, Term, Terms};
pub use ports::{Burial, Buried, Claim, Claimed, KindStats, TaskQueue, TaskRepo, Verdict, Wanted};
pub use task::{NewTask, Subject, TaskKind};
