//! Adapters on real backends.

mod hooks;
mod pay;
mod postgres;
mod redis;
mod sms;
mod stripe;
mod support;
