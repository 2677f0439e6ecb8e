//! A stack of its own: databases, Redis, sandbox, the three servers.

mod databases;
mod earlier;
mod ground;
mod logins;
mod process;
mod seed;
mod servers;

pub(crate) use self::{
    databases::Databases,
    ground::{Ground, post},
    process::Process,
    servers::{Servers, start_api, start_bare},
};
