//! What callers of any of our HTTP binaries see.
#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

mod errors;
mod extract;
mod health;
mod layers;
mod serve;
mod sse;
mod support;
