//! Customers who buy, providers' customers who write, payers who pay: everything that happens to
//! the system besides faults.

mod buyer;
mod client;
mod drills;
mod goods;
mod payers;
mod pool;
mod writers;

pub(crate) use self::pool::{Load, Served};
