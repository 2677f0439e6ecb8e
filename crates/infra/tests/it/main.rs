//! Adapters on real backends.

mod pay;
mod postgres;
mod redis;
mod sms;
mod stripe;
mod support;
