//! Customers who buy, providers' customers who write, payers who pay: everything that happens to
//! the system besides faults.

mod bills;
mod buyer;
mod client;
mod drills;
mod goods;
mod listeners;
mod payers;
mod pool;
mod returns;
mod sse;
mod writers;

pub(crate) use self::{
    listeners::Listeners,
    pool::{Load, Served},
};
