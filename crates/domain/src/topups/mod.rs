//! Money coming in through payment gateways, and going back.

mod apply;
pub mod confirm;
mod give_back;
mod handlers;
mod payment;
pub mod poll;
mod ports;
pub mod record;
pub mod refund;
pub mod resolve;
mod reverse;
mod schedule;
pub mod start;
mod state;
mod topup;

pub use apply::{Applied, ApplyError};
pub use payment::{
    PaymentRecord, Refund, RefundProgress, Resolution, Reversal, ReversalKind, ReversalState,
};
pub use ports::{TopupBacklog, TopupHistory, TopupQueries, TopupRepo};
pub use topup::{Topup, TopupFlag, TopupState};
