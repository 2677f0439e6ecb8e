//! Wires between processes that can be cut, slowed down and silenced.

mod fuse;
mod link;
mod pump;
mod weather;

pub(crate) use self::{fuse::Way, link::Link, weather::Mode};
