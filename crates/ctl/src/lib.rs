//! The operator's command line: what is set up, corrected and looked at by hand.
//!
//! A command is words on the command line ([`cli`]), a use case of the domain, and an [`Answer`]
//! that is printed as a table or as JSON. `wiring` alone decides what is behind the ports.

mod answer;
pub mod cli;
pub mod commands;
mod config;
mod failure;
mod run;
pub mod story;
mod wiring;

pub use answer::Answer;
pub use commands::Desk;
pub use config::Config;
pub use failure::{Exit, Failure};
pub use run::{main, read_config};
