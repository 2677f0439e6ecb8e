//! Payment gateways.

mod call;
pub mod cryptomus;
mod minor;
mod secrets;
pub mod stripe;
mod text;
