//! The part of BTCPay Server's Greenfield API that top-ups need: invoices, refunds, the webhook.
//!
//! Where the server's documentation is silent, this stand-in does what is harder for a shop: a
//! payment to a settled invoice raises `paidAmount` and changes nothing else, and a refund of one's
//! own choosing may exceed what was paid.

mod acts;
mod delivery;
mod desk;
mod error;
mod event;
mod exact;
mod http;
mod input;
mod invoice;
mod method;
pub(crate) mod page;
mod refund;
mod routes;
pub(crate) mod signature;
mod truth;

pub(crate) use acts::Coins;
pub(crate) use delivery::Deliver;
pub(crate) use desk::Btcpay;
pub(crate) use exact::Exact;
pub(crate) use http::handle;
pub(crate) use invoice::Status;
pub(crate) use method::Method;
pub(crate) use refund::PayoutState;
