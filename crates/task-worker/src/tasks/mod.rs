//! The tasks, each in a file of its own.

mod adopt;
mod audit;
mod backlog;
mod books;
mod canary;
mod expire;
mod forget;
mod hooks;
mod monitor;
mod payins;
mod poll;
mod purge;
mod rate;
mod relay;
mod settle;
mod sync;

pub use adopt::Adopt;
pub use audit::{Audit, Scope};
pub use backlog::Backlog;
pub use books::{Collect, RollUp};
pub use canary::Pulse;
pub use expire::Expire;
pub use forget::Forget;
pub use hooks::Hooks;
pub use monitor::Monitor;
pub use payins::{Missed, Watch};
pub use poll::Poll;
pub use purge::Purge;
pub use rate::Rate;
pub use relay::{Publisher, Relay};
pub use settle::Settle;
pub use sync::Sync;
