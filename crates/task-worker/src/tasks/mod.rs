//! The tasks, each in a file of its own.

mod adopt;
mod audit;
mod backlog;
mod canary;
mod credit;
mod expire;
mod poll;
mod purge;
mod relay;
mod settle;
mod sync;

pub use adopt::Adopt;
pub use audit::Audit;
pub use backlog::Backlog;
pub use canary::Pulse;
pub use credit::Credit;
pub use expire::Expire;
pub use poll::Poll;
pub use purge::Purge;
pub use relay::{Publisher, Relay};
pub use settle::Settle;
pub use sync::Sync;
