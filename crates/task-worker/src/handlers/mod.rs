//! The handlers of durable tasks that are not use cases of the marketplace.

mod canary;
mod lanes;

pub use canary::Canary;
pub use lanes::Lanes;
