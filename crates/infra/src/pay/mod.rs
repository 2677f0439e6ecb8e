//! Payment gateways.

pub mod btcpay;
mod call;
pub mod cryptomus;
pub mod duitku;
mod minor;
mod secrets;
pub mod stripe;
mod text;
