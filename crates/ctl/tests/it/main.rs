//! Commands on fakes, and the binary's manners.
#![cfg(test)] // Lets clippy.toml permit unwrap in helpers too.

mod commands;
mod measures;
mod process;
mod support;
mod topups;
