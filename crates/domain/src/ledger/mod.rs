//! The double-entry ledger: who owes whom, and why.

mod account;
pub mod adjust;
pub mod audit;
pub mod chart;
pub mod debts;
pub mod freeze;
mod ports;
pub mod statement;
pub mod treasury;
pub mod vitals;

pub use account::{Account, Gateway};
pub use chart::{Journal, JournalKey, JournalKind, Transfer};
pub use freeze::{Freeze, FreezeCause, FreezeInForce};
pub use ports::{LedgerQueries, LedgerRepo, LedgerUpkeep, PostError, Posted, Wallet};
