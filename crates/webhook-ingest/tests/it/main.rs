//! The receiver as providers and gateways meet it: whole requests, fakes behind the ports.
#![cfg(test)] // Lets clippy.toml permit unwrap in helpers too.

mod config;
mod payments;
mod process;
mod sms;
mod support;
