//! Starts the real binaries against real services and asserts the system's promises.
//!
//! Every test has a stack of its own and ends with [`support::Stack::finish`], which checks the
//! ledger, our books against the providers', and the logs; a test that forgets it fails. Numbers
//! such as I-4 are those of docs/invariants.md.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails is a test that fails"
)]

mod abuse;
mod access;
mod callbacks;
mod client;
mod configuration;
mod crash;
mod document;
mod failover;
mod gateways;
mod guide;
mod harness;
mod health;
mod hooks;
mod life;
mod shutdown;
mod stream;
mod stripe;
mod support;
mod tasks;
mod test_mode;
mod wallet;
mod workers;
