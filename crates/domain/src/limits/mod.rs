//! How much a caller may ask for: so many units in a window, some of them at once.

mod gcra;
mod local;

use std::time::Duration;

use async_trait::async_trait;

pub use gcra::{Bucket, Decision};
pub use local::LocalLimiter;

/// So many units in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The name that callers see.
    pub name: &'static str,
    /// Units that come back in one window, evenly.
    pub quota: u32,
    /// The window.
    pub window: Duration,
    /// Units that can be spent at once after a pause.
    pub burst: u32,
}

impl Policy {
    /// What one of several processes may admit by itself when they cannot count together: few
    /// enough that all of them hardly admit more than the whole.
    #[must_use]
    pub const fn quarter(self) -> Self {
        Self { quota: at_least_one(self.quota / 4), burst: at_least_one(self.burst / 4), ..self }
    }
}

const fn at_least_one(number: u32) -> u32 {
    if number == 0 { 1 } else { number }
}

/// A policy, and whose units are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// How much.
    pub policy: Policy,
    /// Whose; unlike all others under the same policy.
    pub subject: String,
}

/// How an account stands after it was charged, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its policy.
    pub policy: Policy,
    /// Units that could be spent now.
    pub remaining: u32,
    /// Until all units are back, or until the refused ones would have been there.
    pub reset: Duration,
    /// Whether this account was the reason to refuse.
    pub is_short: bool,
}

/// The outcome of a charge to several accounts, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict(pub Vec<Standing>);

impl Verdict {
    /// Whether everybody had enough, and has paid.
    pub fn is_admitted(&self) -> bool {
        !self.0.iter().any(|standing| standing.is_short)
    }

    /// How long it takes until all that were short have enough.
    pub fn retry_after(&self) -> Duration {
        let short = self.0.iter().filter(|standing| standing.is_short);
        short.map(|standing| standing.reset).max().unwrap_or_default()
    }
}

/// Counts what callers ask for, in all processes together where that is possible.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes `cost` units of every account, or of none. A cost above a burst counts as the burst,
    /// because it would never be affordable. There is always an answer: who cannot count together
    /// with others counts alone, and admits less.
    async fn charge(&self, accounts: &[Account], cost: u32) -> Verdict;
}
