//! Receives callbacks of SMS providers and payment gateways.
//!
//! Everything that comes in is checked, stored and acknowledged here; what takes longer than a
//! sender waits is left to the task worker.

mod config;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod payments;
mod routes;
mod sms;
mod wiring;

pub use self::wiring::start;
pub use config::{Callbacks, Config};
pub use payments::PaymentDesk;
pub use routes::{Ingest, router};
pub use sms::{Senders, SmsDesk};
