//! Outbox relay, reconcilers and periodic tasks.
//!
//! Every task takes no input, looks at what is stored, and may run twice, late, or on two machines
//! at once. The lock that lets one instance at a time run it saves work and is not needed for
//! anything to be right: without Redis all instances run everything.

mod config;
mod handlers;
mod jitter;
mod lead;
mod periodic;
mod pokes;
mod queue;
mod serve;
mod task;
mod tasks;
mod wiring;

pub use self::wiring::start;
pub use config::{Config, Tasks};
pub use handlers::{Canary, Lanes};
pub use lead::{Leader, LeaderError, Leadership};
pub use periodic::{Periodic, Schedule};
pub use pokes::Pokes;
pub use queue::{Executor, QueueError, QueueSettings};
pub use task::{Progress, Task, TaskError};
pub use tasks::{
    Adopt, Audit, Backlog, Collect, Expire, Forget, Hooks, Missed, Monitor, Poll, Publisher, Pulse,
    Purge, Rate, Relay, RollUp, Scope, Settle, Sync, Watch,
};
