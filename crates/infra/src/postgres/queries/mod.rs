//! Reading for people: outside of transactions, without locks.

mod audit;
mod catalog;
mod ledger;
mod orders;
pub(super) mod recent;
pub(super) mod vitals;
