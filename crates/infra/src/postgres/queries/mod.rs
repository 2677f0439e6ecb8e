//! Reading for people: outside of transactions, without locks.

mod audit;
mod catalog;
mod ledger;
mod orders;
mod payins;
pub(super) mod recent;
mod topups;
pub(super) mod vitals;
