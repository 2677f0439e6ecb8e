//! Runs durable tasks: claims what there is room for, renews what takes long, and stores how each
//! try ended.

mod attempt;
mod crew;
mod executor;
mod meter;

pub use executor::{Executor, QueueError, QueueSettings};
