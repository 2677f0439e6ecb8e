//! Configuration, telemetry, supervision and shutdown of a binary.
//!
//! A `main` is one call to [`main_with`]: it reads the configuration, switches on logs, traces and
//! metrics, lets the binary spawn its tasks, and waits for them until a signal or a failure.

mod build_info;
pub mod config;
mod main_with;
mod shutdown;
mod supervisor;
mod task;
pub mod telemetry;

pub use build_info::{BuildInfo, build_info};
pub use main_with::{App, main_from, main_with};
pub use secrecy::{ExposeSecret, SecretString};
pub use shutdown::{Exit, Stop};
pub use supervisor::Supervisor;
pub use task::TaskResult;
