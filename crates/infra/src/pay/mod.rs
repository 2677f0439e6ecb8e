//! Payment gateways.

mod call;
mod minor;
mod secrets;
pub mod stripe;
mod text;
