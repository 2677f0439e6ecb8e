//! Rules, use cases and ports of the marketplace. Nothing here does I/O.

pub mod abuse;
pub mod catalog;
pub mod fault;
pub mod gateways;
pub mod hooks;
pub mod identity;
pub mod ids;
pub mod inbox;
mod join;
pub mod ledger;
pub mod limits;
pub mod money;
pub mod orders;
pub mod outbox;
pub mod privacy;
pub mod providers;
pub mod rates;
pub mod retention;
pub mod routing;
pub mod store;
pub mod tasks;
pub mod test_mode;
pub mod time;
pub mod topups;
