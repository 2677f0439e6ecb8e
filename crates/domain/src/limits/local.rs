use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use super::{
    Account, Bucket, RateLimiter, Standing, Verdict,
    gcra::{Decision, time},
};
use crate::time::Clock;

/// Counts in this process alone.
pub struct LocalLimiter {
    clock: Arc<dyn Clock>,
    /// When all units of an account are back, in microseconds; missing means now.
    full_at: Mutex<HashMap<(&'static str, String), f64>>,
}

impl LocalLimiter {
    /// Accounts counted apart; beyond that, new ones share what one of them may ask for.
    const MOST: usize = 100_000;

    /// Counts by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, full_at: Mutex::default() }
    }

    /// [`RateLimiter::charge`] at once.
    pub fn charge_now(&self, accounts: &[Account], cost: u32) -> Verdict {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of this era fit 53 bits")]
        let now = self.clock.now().timestamp_micros() as f64;
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() + accounts.len() > Self::MOST {
            full_at.retain(|_, at| *at > now);
        }
        let is_crowded = full_at.len() + accounts.len() > Self::MOST;
        let key = |full_at: &HashMap<_, _>, account: &Account| {
            let key = (account.policy.name, account.subject.clone());
            let is_new = is_crowded && !full_at.contains_key(&key);
            if is_new { (key.0, String::new()) } else { key }
        };
        let weigh = |account: &Account| {
            let key = key(&full_at, account);
            let stored = full_at.get(&key).copied().unwrap_or(now);
            (key, Bucket::of(&account.policy).decide(stored, now, cost))
        };
        let weighed: Vec<(_, Decision)> = accounts.iter().map(weigh).collect();
        let is_admitted = weighed.iter().all(|(_, decision)| decision.wait <= 0.0);
        let standings = accounts.iter().zip(weighed).map(|(account, (key, decision))| {
            let Decision { from, full_at: next, wait, before, after } = decision;
            let (full, remaining) = if is_admitted { (next, after) } else { (from, before) };
            if is_admitted {
                full_at.insert(key, next);
            }
            let is_short = wait > 0.0;
            let reset = time(if is_short { wait } else { full - now });
            Standing { policy: account.policy, remaining, reset, is_short }
        });
        Verdict(standings.collect())
    }
}

#[async_trait]
impl RateLimiter for LocalLimiter {
    async fn charge(&self, accounts: &[Account], cost: u32) -> Verdict {
        self.charge_now(accounts, cost)
    }
}
