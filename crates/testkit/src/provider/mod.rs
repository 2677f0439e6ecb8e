//! A provider that can be told how to behave, and that knows what it really sold.

mod adapter;
mod registry;
mod script;
mod world;

pub use adapter::ScriptedProvider;
pub use registry::FakeRegistry;
pub use script::{Call, Sale};
pub use world::{Sold, offer};
