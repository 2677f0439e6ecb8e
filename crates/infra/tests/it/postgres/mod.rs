//! Contract suites and rules on a real Postgres, one database per test.

mod books;
mod carriers;
mod contract;
mod ledger_model;
mod locks;
mod retention;
mod roles;
mod rules;
mod traces;
mod vault;
