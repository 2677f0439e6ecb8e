//! The runtime as its binaries see it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails a test")]

mod logs;
mod process;
mod supervisor;
mod traces;
