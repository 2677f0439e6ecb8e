//! How tasks are driven, and what each of them does in one run.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails a test")]

mod fakes;
mod periodic;
