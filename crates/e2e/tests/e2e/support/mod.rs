//! Starts the system and looks at it from outside.

mod books;
mod ctl;
mod customer;
mod database;
mod events;
mod finish;
mod gate;
mod gateways;
mod http;
mod options;
mod place;
mod ports;
mod process;
mod python;
mod receiver;
mod redis;
mod sandbox;
mod secrets;
mod server;
mod stack;
mod wait;

pub(crate) use customer::{Bought, Customer, Product};
pub(crate) use http::Reply;
pub(crate) use options::{Options, variable_of};
pub(crate) use place::place;
pub(crate) use python::python;
pub(crate) use receiver::Receiver;
pub(crate) use server::Server;
pub(crate) use stack::Stack;
pub(crate) use wait::{SOON, eventually, until};
