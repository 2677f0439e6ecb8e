//! Sending messages to servers of customers, which may lead anywhere and answer anything.

mod body;
mod client;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod guard;
mod network;
mod reply;
mod signature;

pub use client::{HookClient, HookSettings, HookSetupError};
pub use guard::{Names, SystemNames};
pub use network::Network;
pub use signature::FreshKeys;
