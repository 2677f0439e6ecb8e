use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use deadpool_redis::redis::{self, Cmd};
use domain::limits::{Account, Bucket, LocalLimiter, RateLimiter, Standing, Verdict};
use metrics::{counter, gauge};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::connection::Redis;

const SCRIPT: &str = include_str!("scripts/gcra.lua");
/// What counting together may cost a request. A server nearby answers in less than one of them.
const DEADLINE: Duration = Duration::from_millis(50);
/// Failures in a row after which the server is left alone.
const PATIENCE: u32 = 3;
/// How often a server that was left alone is asked whether it answers again.
const PROBE: Duration = Duration::from_millis(500);

/// Counts in Redis, together with all processes; alone, and at a quarter of each quota, for as
/// long as Redis does not answer in time.
#[derive(Clone)]
pub struct RedisLimiter {
    redis: Redis,
    local: Arc<LocalLimiter>,
    deadline: Duration,
    /// Failures in a row; from [`PATIENCE`] on only the probe asks.
    failures: Arc<AtomicU32>,
}

impl RedisLimiter {
    /// The limiter, and what finds out until `stop` that Redis answers again; spawn that.
    pub fn new(
        redis: Redis,
        local: LocalLimiter,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let limiter =
            Self { redis, local: Arc::new(local), deadline: DEADLINE, failures: Arc::default() };
        let probing = limiter.clone();
        (limiter, async move {
            let _stopped = stop.run_until_cancelled(probing.probe()).await;
        })
    }

    /// Waits longer for answers, where no caller is kept waiting.
    #[must_use]
    pub fn patient(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Whether it counts alone.
    pub fn is_degraded(&self) -> bool {
        self.failures.load(Ordering::Acquire) >= PATIENCE
    }

    async fn probe(self) {
        gauge!("rate_limit_degraded").set(0.0);
        loop {
            sleep(PROBE).await;
            if self.is_degraded() && self.redis.ping().await.is_ok() {
                self.failures.store(0, Ordering::Release);
                gauge!("rate_limit_degraded").set(0.0);
                tracing::info!("limits are counted by all processes together again");
            }
        }
    }

    async fn together(&self, accounts: &[Account], cost: u32) -> Option<Verdict> {
        if self.is_degraded() {
            return None;
        }
        let command = command(accounts, cost);
        let answer = timeout(self.deadline, self.redis.run::<Vec<u64>>(&command)).await;
        let verdict = answer.ok().and_then(Result::ok).and_then(|it| read(accounts, &it));
        if verdict.is_some() {
            // Not stored over failures that others have just had: those end by the probe.
            let _ = self.failures.fetch_update(Ordering::AcqRel, Ordering::Acquire, |failures| {
                (1..PATIENCE).contains(&failures).then_some(0)
            });
        } else if self.failures.fetch_add(1, Ordering::AcqRel) + 1 == PATIENCE {
            gauge!("rate_limit_degraded").set(1.0);
            tracing::warn!("limits are counted by this process alone, at a quarter of each quota");
        }
        verdict
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn charge(&self, accounts: &[Account], cost: u32) -> Verdict {
        if let Some(verdict) = self.together(accounts, cost).await {
            return verdict;
        }
        counter!("rate_limit_local_decisions_total").increment(1);
        let quarter = |account: &Account| {
            let policy = account.policy.quarter();
            Account { policy, subject: account.subject.clone() }
        };
        self.local.charge_now(&accounts.iter().map(quarter).collect::<Vec<_>>(), cost)
    }
}

fn command(accounts: &[Account], cost: u32) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(SCRIPT).arg(accounts.len());
    for Account { policy, subject } in accounts {
        command.arg(format!("limit:{}:{subject}", policy.name));
    }
    command.arg(cost);
    for Account { policy, .. } in accounts {
        let Bucket { interval, burst } = Bucket::of(policy);
        command.arg(interval).arg(burst);
    }
    command
}

fn read(accounts: &[Account], answer: &[u64]) -> Option<Verdict> {
    let (lines, odd) = answer.as_chunks::<3>();
    if lines.len() != accounts.len() || !odd.is_empty() {
        return None;
    }
    let standings = accounts.iter().zip(lines).map(|(account, [remaining, wait, full])| {
        let reset = Duration::from_micros(if *wait > 0 { *wait } else { *full });
        let remaining = u32::try_from(*remaining).unwrap_or(u32::MAX);
        Standing { policy: account.policy, remaining, reset, is_short: *wait > 0 }
    });
    Some(Verdict(standings.collect()))
}
