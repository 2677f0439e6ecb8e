//! A stack of its own: databases, Redis, sandbox, the three servers.

mod ground;
mod process;
mod seed;
mod servers;

pub(crate) use self::{
    ground::{Databases, Ground},
    process::Process,
    servers::{Servers, start_api},
};
