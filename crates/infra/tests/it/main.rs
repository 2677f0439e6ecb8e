//! Adapters on real backends.

mod postgres;
mod sms;
