//! The sandbox over the wire: each test starts its own on a free port.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod btcpay;
mod callbacks;
mod control;
mod duitku;
mod faults;
mod heleket;
mod rates;
mod sms_activate;
mod stripe;
mod support;
