//! A provider that can be told how to behave, and that knows what it really sold.

mod adapter;
mod registry;
mod world;

pub use adapter::{Call, Sale, ScriptedProvider};
pub use registry::FakeRegistry;
pub use world::{Sold, offer};
