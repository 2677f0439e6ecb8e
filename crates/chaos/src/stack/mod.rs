//! The whole system with its own Postgres, Redis and outside world, each of which can be broken.

mod ctl;
mod customers;
mod links;
mod ports;
mod postgres;
mod process;
mod redis;
mod sandbox;
mod server;
mod settings;
mod system;
mod tmpfs;

pub(crate) use self::{
    ctl::Ctl,
    customers::Customer,
    postgres::{Postgres, psql},
    redis::Redis,
    sandbox::{GATEWAYS, PROVIDERS, Sandbox},
    server::Server,
    settings::SEAL_KEY,
    system::{Plan, System},
};
