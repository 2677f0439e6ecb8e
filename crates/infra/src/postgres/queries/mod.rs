//! Reading for people: outside of transactions, without locks.

mod catalog;
mod ledger;
mod orders;
mod payins;
mod topups;
