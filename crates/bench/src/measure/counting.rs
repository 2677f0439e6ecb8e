use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::shop::Shop;
use crate::{
    cli::Cli,
    load::Kind,
    postgres::{Counters, Spoken, Tap},
    stack::{Ground, Process, start_api},
    stats::counter,
};

/// What one purchase and one read cost, counted rather than timed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    /// The purchases right after a checkpoint, whose pages are logged in full.
    pub(crate) after_checkpoint: PerPurchase,
    /// The ones after those.
    pub(crate) steady: PerPurchase,
    /// Database round trips and Redis commands of a balance request.
    pub(crate) balance_rounds: f64,
    pub(crate) balance_redis: f64,
}

/// Averages over many purchases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PerPurchase {
    pub(crate) statements: f64,
    pub(crate) parsed: f64,
    pub(crate) rounds: f64,
    /// Transactions that wrote something.
    pub(crate) commits: f64,
    pub(crate) wal_bytes: f64,
    pub(crate) redis: f64,
}

/// Where all counters stand.
#[derive(Clone, Copy)]
struct Reading {
    spoken: Spoken,
    counters: Counters,
    redis: u64,
}

impl Counted {
    /// With one api-server that reaches the database through a tap, and no other server, whose
    /// work for an order would be counted as well.
    pub(super) async fn measure(
        cli: &Cli,
        ground: &Ground<'_>,
        shop: &Shop<'_>,
    ) -> anyhow::Result<Self> {
        let server =
            (ground.logins.api.host.as_str(), ground.logins.api.port).to_socket_addrs()?.next();
        let tap = Tap::open(server.context("the database has no address")?).await?;
        let mut api = start_api(ground, &ground.logins.api.through(tap.address))?;
        api.listens().await?;
        let many = u64::from(cli.counted);
        // Connects all of the pool and prepares every statement on each.
        warm_up(shop, &api, many).await?;
        ground.databases.server.checkpoint().await?;
        let mut readings = vec![Reading::take(ground, &tap).await?];
        for kind in [Kind::Purchase, Kind::Purchase, Kind::Balance] {
            let outcome = shop.some(api.address, kind, many).await?;
            ensure!(outcome.good == many, "{kind:?} was refused: {:?}", outcome.refused);
            readings.push(Reading::take(ground, &tap).await?);
        }
        api.stop().await?;
        let [start, first, second, third] = readings[..] else {
            anyhow::bail!("four readings were expected");
        };
        let (spoken, redis) = third.since(second);
        Ok(Self {
            after_checkpoint: PerPurchase::of(start, first, many),
            steady: PerPurchase::of(first, second, many),
            balance_rounds: counter(spoken.rounds) / counter(many),
            balance_redis: counter(redis) / counter(many),
        })
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "after_checkpoint": self.after_checkpoint.json(),
            "steady": self.steady.json(),
            "balance": { "round_trips": self.balance_rounds, "redis": self.balance_redis },
        })
    }
}

async fn warm_up(shop: &Shop<'_>, api: &Process, many: u64) -> anyhow::Result<()> {
    shop.some(api.address, Kind::Purchase, many / 4 + 1).await?;
    shop.some(api.address, Kind::Balance, many).await.map(drop)
}

impl Reading {
    async fn take(ground: &Ground<'_>, tap: &Tap) -> anyhow::Result<Self> {
        let counters = ground.databases.server.counters().await?;
        let redis = redis_commands(ground.redis.address).await?;
        Ok(Self { spoken: tap.spoken(), counters, redis })
    }

    /// Redis counts our own question, too.
    fn since(self, earlier: Self) -> (Spoken, u64) {
        (self.spoken.since(earlier.spoken), self.redis.saturating_sub(earlier.redis + 1))
    }
}

impl PerPurchase {
    fn of(before: Reading, after: Reading, many: u64) -> Self {
        let (spoken, redis) = after.since(before);
        let counters = after.counters.since(before.counters);
        let each = |total: u64| counter(total) / counter(many);
        Self {
            statements: each(spoken.executed),
            parsed: each(spoken.parsed),
            rounds: each(spoken.rounds),
            commits: each(counters.writes),
            wal_bytes: each(counters.wal_bytes),
            redis: each(redis),
        }
    }

    fn json(&self) -> Value {
        json!({
            "statements": self.statements,
            "parsed": self.parsed,
            "round_trips": self.rounds,
            "commits": self.commits,
            "wal_bytes": self.wal_bytes,
            "redis": self.redis,
        })
    }
}

/// Commands that a Redis server has carried out, the one that asks not among them.
async fn redis_commands(address: SocketAddr) -> anyhow::Result<u64> {
    const FIELD: &str = "total_commands_processed:";
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"INFO stats\r\n").await?;
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer);
        let rest = text.split_once(FIELD).and_then(|(_, rest)| rest.split_once("\r\n"));
        if let Some((value, _)) = rest {
            return Ok(value.parse()?);
        }
        ensure!(stream.read_buf(&mut answer).await? > 0, "Redis counts no commands");
    }
}
