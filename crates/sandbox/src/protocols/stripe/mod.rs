//! The part of the Stripe API that top-ups need: checkout sessions, events, refunds.

mod delivery;
mod desk;
mod error;
mod event;
mod faults;
mod form;
mod http;
mod idempotency;
pub(crate) mod page;
mod payment;
mod routes;
mod session;
pub(crate) mod signature;

pub(crate) use delivery::Deliver;
pub(crate) use desk::Stripe;
pub(crate) use faults::StripeFaults;
pub(crate) use http::handle;
pub(crate) use payment::{Outcome, PayError};
