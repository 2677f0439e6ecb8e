//! The part of the Duitku API that top-ups need: inquiries, their status, and form callbacks.
//!
//! A payer pays exactly what was asked for or nothing, there are no refunds by call, and the
//! signature of a callback does not cover its result. What the vendor does not document is marked
//! as unverified where it is decided.

mod acts;
mod delivery;
mod desk;
mod error;
mod http;
mod input;
pub(crate) mod page;
mod routes;
pub(crate) mod signature;
mod teller;
mod transaction;

pub(crate) use delivery::Deliver;
pub(crate) use desk::{Duitku, Repeats};
pub(crate) use http::handle;
