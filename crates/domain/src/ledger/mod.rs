//! The double-entry ledger: who owes whom, and why.

mod account;
pub mod adjust;
pub mod audit;
pub mod chart;
pub mod freeze;
mod ports;

pub use account::{Account, Gateway};
pub use chart::{Journal, JournalKey, JournalKind, Transfer};
pub use freeze::{Freeze, FreezeCause};
pub use ports::{LedgerQueries, LedgerRepo, PostError, Posted, Wallet};
