//! Forgetting what customers received.

pub mod forget;
mod ports;

pub use ports::{SmsKey, SmsVault};
