//! The part of the Stripe API that top-ups need: checkout sessions, events, refunds, disputes.

mod acts;
mod delivery;
mod desk;
mod dispute;
mod error;
mod event;
mod faults;
mod form;
mod http;
mod idempotency;
mod list;
pub(crate) mod page;
mod payment;
mod refund;
mod routes;
mod session;
pub(crate) mod signature;
mod truth;

pub(crate) use acts::{Opening, Paid};
pub(crate) use delivery::Deliver;
pub(crate) use desk::Stripe;
pub(crate) use dispute::{Complaint, DisputeStatus};
pub(crate) use faults::StripeFaults;
pub(crate) use http::handle;
pub(crate) use payment::{ActError, Outcome};
pub(crate) use refund::RefundStatus;
