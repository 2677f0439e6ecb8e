//! The API as its callers meet it: requests through the whole router, fakes behind the ports.
#![cfg(test)] // Lets clippy.toml permit unwrap in helpers too.

mod abuse;
mod access;
mod catalog;
mod config;
mod contract;
mod create;
mod document;
mod dollars;
mod limits;
mod orders;
mod process;
mod reactivate;
mod shape;
mod stream;
mod support;
mod tokens;
mod wait;
mod webhook;
