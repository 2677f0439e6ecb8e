//! Money coming in through payment gateways.

pub mod credit;
mod ports;
pub mod record;
pub mod start;
mod topup;

pub use ports::{PaymentInbox, TopupQueries, TopupRepo};
pub use topup::{PaymentEventState, StoredPayment, Topup, TopupState};
