//! The handlers of durable tasks that are not use cases of the marketplace.

mod canary;

pub use canary::Canary;
