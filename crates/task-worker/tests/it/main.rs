//! How tasks are driven, and what each of them does in one run.
#![cfg(test)] // Lets clippy.toml permit unwrap in helpers too.

mod config;
mod fakes;
mod lanes;
mod periodic;
mod process;
mod queue;
mod slots;
mod tasks;
