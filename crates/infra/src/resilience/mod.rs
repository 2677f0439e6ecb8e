//! What stands between us and a provider in trouble: a deadline per call, a bound on calls at a
//! time, and a breaker that stops asking for a while.

mod breaker;
mod bulkhead;
mod failure;
mod guarded;
mod watch;

pub use self::{
    breaker::BreakerSettings,
    guarded::{GuardSettings, Guarded},
};
