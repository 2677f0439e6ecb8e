//! Payment gateways.

pub mod btcpay;
mod call;
pub mod cryptomus;
mod directory;
pub mod duitku;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod minor;
mod secrets;
pub mod stripe;
mod text;

pub use directory::Gateways;
