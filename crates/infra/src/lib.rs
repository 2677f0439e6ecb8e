//! Every adapter: Postgres, Redis, SMS providers, payment gateways.

pub mod crypto;
pub mod hooks;
pub mod http;
pub mod pay;
pub mod postgres;
pub mod rates;
pub mod redis;
pub mod resilience;
pub mod sms;
pub mod system;
mod trace;
