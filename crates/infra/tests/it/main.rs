//! Adapters on real backends.

mod postgres;
mod redis;
mod sms;
mod stripe;
mod support;
