//! The database server: logins, databases, counters, and pgbench on it.

mod login;
mod pgbench;
mod script;
mod server;
mod wire;

pub(crate) use self::{
    login::Login,
    pgbench::{Pgbench, Run},
    script::{Purchase, Script, UNFINISHED},
    server::{Counters, Server},
    wire::{Spoken, Tap},
};
