//! Payment gateways.

pub mod stripe;
