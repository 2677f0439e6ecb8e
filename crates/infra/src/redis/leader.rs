use std::{sync::Arc, time::Duration};

use aws_lc_rs::rand;
use deadpool_redis::redis::{self, Cmd};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::connection::{Chain, Redis, RedisError};

const EXTEND: &str = include_str!("scripts/extend.lua");
const RELEASE: &str = include_str!("scripts/release.lua");
/// Renewals in the lifetime of a lease: two may fail before it runs out.
const RENEWALS: u32 = 3;

/// Lets one instance at a time run a periodic task.
///
/// It saves work and guarantees nothing: a lease may run out while its holder still works, and
/// Redis may forget it. Tasks must stay correct when two instances run them at once, and run
/// without a lease when Redis is away.
#[derive(Debug, Clone)]
pub struct Leader {
    redis: Redis,
    instance: Arc<str>,
}

impl Leader {
    /// Asks in the name of `instance`, which is shown to whoever looks into Redis.
    pub fn new(redis: Redis, instance: &str) -> Self {
        Self { redis, instance: instance.into() }
    }

    /// Takes the lease of `task` for `ttl`, renewed until it is released or dropped; nothing while
    /// another holder has it.
    ///
    /// # Errors
    /// When Redis is away: run the task anyway.
    pub async fn acquire(&self, task: &str, ttl: Duration) -> Result<Option<Lease>, RedisError> {
        let claim = Claim {
            redis: self.redis.clone(),
            key: format!("task_lock:{task}"),
            holder: format!("{}:{}", self.instance, nonce()),
            ttl,
        };
        let asked = Instant::now();
        let taken: Option<String> = self.redis.run(&claim.take()).await?;
        Ok(taken.map(|_| Lease::start(claim, asked)))
    }
}

/// The right to run a task for now. Dropped without [`Lease::release`], it runs out by itself.
#[derive(Debug)]
pub struct Lease {
    claim: Arc<Claim>,
    lost: CancellationToken,
    /// Renews; ends with the lease, because dropping the set aborts what is in it.
    renewal: JoinSet<()>,
    /// Whoever works under a lease that is gone is told so as well.
    _dropped: DropGuard,
}

impl Lease {
    fn start(claim: Claim, taken_at: Instant) -> Self {
        let (claim, lost) = (Arc::new(claim), CancellationToken::new());
        let mut renewal = JoinSet::new();
        let (renewed, signal) = (Arc::clone(&claim), lost.clone());
        renewal.spawn(async move {
            renewed.keep(taken_at).await;
            signal.cancel();
        });
        Self { claim, _dropped: lost.clone().drop_guard(), lost, renewal }
    }

    /// Cancelled as soon as somebody else may hold the lease; stop working then.
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// Lets others take the task at once. A lease that another one holds by now is left alone.
    pub async fn release(mut self) -> Result<(), RedisError> {
        self.renewal.abort_all();
        self.claim.redis.run::<i64>(&self.claim.release()).await.map(drop)
    }
}

#[derive(Debug)]
struct Claim {
    redis: Redis,
    key: String,
    /// Unlike any other, so that nobody ends a lease that is not theirs any more.
    holder: String,
    ttl: Duration,
}

impl Claim {
    /// Renews until that fails for good.
    async fn keep(&self, taken_at: Instant) {
        // Counted from before Redis was asked: it may have started its own clock only later.
        let mut valid_until = taken_at + self.ttl;
        loop {
            let due = Instant::now() + self.ttl / RENEWALS;
            sleep_until(due.min(valid_until)).await;
            let asked = Instant::now();
            match timeout_at(valid_until, self.redis.run::<i64>(&self.extend())).await {
                Ok(Ok(1)) => valid_until = asked + self.ttl,
                Ok(Err(error)) if asked < valid_until => {
                    tracing::warn!(error = %Chain(&error), "{} not renewed yet", self.key);
                }
                _ => break,
            }
        }
        tracing::warn!("{} is lost", self.key);
    }

    fn take(&self) -> Cmd {
        let mut command = redis::cmd("SET");
        command.arg(&self.key).arg(&self.holder).arg("NX").arg("PX").arg(self.ttl_ms());
        command
    }

    fn extend(&self) -> Cmd {
        let mut command = self.script(EXTEND);
        command.arg(self.ttl_ms());
        command
    }

    fn release(&self) -> Cmd {
        self.script(RELEASE)
    }

    fn script(&self, text: &str) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(text).arg(1).arg(&self.key).arg(&self.holder);
        command
    }

    fn ttl_ms(&self) -> u64 {
        u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

fn nonce() -> String {
    let mut bytes = [0; 16];
    // Without chance two leases of one instance look alike, which costs a double run at worst.
    let _ = rand::fill(&mut bytes);
    hex::encode(bytes)
}
