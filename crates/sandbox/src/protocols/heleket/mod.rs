//! The part of the Heleket API that top-ups need. Cryptomus speaks the same.
//!
//! Invoices, their states, refunds of whole invoices, and signed callbacks about each change.
//! What the vendor does not document is marked as unverified where it is decided.

mod acts;
mod delivery;
mod desk;
mod error;
mod http;
mod input;
mod invoice;
pub(crate) mod page;
mod php;
mod routes;
pub(crate) mod signature;
mod teller;

pub(crate) use acts::Pay;
pub(crate) use delivery::Deliver;
pub(crate) use desk::{Heleket, RefundOutcome};
pub(crate) use http::handle;
