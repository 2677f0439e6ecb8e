//! The tasks, each in a file of its own.

mod audit;
mod backlog;
mod canary;
mod close;
mod credit;
mod drain;
mod expire;
mod poll;
mod purge;
mod relay;
mod settle;
mod sync;

pub use audit::Audit;
pub use backlog::Backlog;
pub use canary::Pulse;
pub use close::Close;
pub use credit::Credit;
pub use drain::Drain;
pub use expire::Expire;
pub use poll::Poll;
pub use purge::Purge;
pub use relay::{Publisher, Relay};
pub use settle::Settle;
pub use sync::Sync;
