use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{Customers, Measured};
use crate::{
    cli::Cli,
    load::{Connection, Kind, Outcome, Rate, Requests, Until, closed, open},
    postgres::{Pgbench, Run, Script},
    proc_fs::{self, Watch},
    stack::{Ground, Servers},
};

/// Runs load against the servers and, through pgbench, against the database, and remembers all
/// that was bought.
pub(super) struct Shop<'a> {
    cli: &'a Cli,
    ground: &'a Ground<'a>,
    api: SocketAddr,
    watch: Watch,
    totals: Totals,
}

/// What the databases must hold in the end.
#[derive(Debug, Default)]
pub(super) struct Totals {
    acknowledged: AtomicU64,
    refused: AtomicU64,
    referenced: AtomicU64,
}

impl Totals {
    /// Purchases answered with 200, answered otherwise, and made by pgbench.
    pub(super) fn read(&self) -> [u64; 3] {
        [&self.acknowledged, &self.refused, &self.referenced].map(|it| it.load(Ordering::Relaxed))
    }

    fn add(&self, outcome: &Outcome) {
        self.acknowledged.fetch_add(outcome.good, Ordering::Relaxed);
        self.refused.fetch_add(outcome.refused.values().sum(), Ordering::Relaxed);
    }
}

impl<'a> Shop<'a> {
    pub(super) async fn open(
        cli: &'a Cli,
        ground: &'a Ground<'a>,
        servers: &Servers,
    ) -> anyhow::Result<Self> {
        let watch = servers.watch(ground).await?;
        Ok(Self { cli, ground, api: servers.api.address, watch, totals: Totals::default() })
    }

    pub(super) const fn ground(&self) -> &'a Ground<'a> {
        self.ground
    }

    pub(super) const fn api(&self) -> SocketAddr {
        self.api
    }

    pub(super) const fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(super) const fn rounds(&self) -> u32 {
        self.cli.rounds
    }

    pub(super) fn length(&self) -> Duration {
        self.cli.length()
    }

    pub(super) async fn warm_up(&self, length: Duration) -> anyhow::Result<()> {
        for kind in [Kind::Health, Kind::Balance, Kind::Purchase] {
            let requests = self.requests(kind, Customers::All);
            let outcome = self.load(self.api, Until::Elapsed(length), requests).await?;
            ensure!(outcome.good > 0, "no {kind:?} succeeded: {:?}", outcome.refused);
        }
        for database in self.ground.databases.copies() {
            self.pgbench(database, Customers::All, length).await?;
        }
        Ok(())
    }

    /// One closed run, watched.
    pub(super) async fn ask(&self, kind: Kind, who: Customers) -> anyhow::Result<Measured> {
        let requests = self.requests(kind, who);
        self.watched(async {
            let until = Until::Elapsed(self.length());
            Ok(self.load(self.api, until, requests).await?.rate())
        })
        .await
    }

    /// The same purchases as plain SQL, watched.
    pub(super) async fn reference(&self, who: Customers) -> anyhow::Result<Measured> {
        self.plain(&self.ground.databases.reference, who).await
    }

    /// As plain SQL on the schema of the release before this one.
    pub(super) async fn before(&self, who: Customers) -> anyhow::Result<Measured> {
        self.plain(&self.ground.databases.before, who).await
    }

    /// As plain SQL on today's schema, in a database as full as that of `before`.
    pub(super) async fn after(&self, who: Customers) -> anyhow::Result<Measured> {
        self.plain(&self.ground.databases.after, who).await
    }

    async fn plain(&self, database: &str, who: Customers) -> anyhow::Result<Measured> {
        self.watched(self.pgbench(database, who, self.length())).await
    }

    /// Purchases at a fixed rate, for twice the usual length; twice the connections, so that few
    /// requests wait for one.
    pub(super) async fn paced(&self, rate: u32) -> anyhow::Result<Rate> {
        let requests = self.requests(Kind::Purchase, Customers::All);
        let pace = (rate, self.length() * 2);
        self.ground.databases.server.checkpoint().await?;
        let outcome = open(self.api, self.cli.connections() * 2, pace, requests).await?;
        self.totals.add(&outcome);
        Ok(outcome.rate())
    }

    /// So many requests to any api-server.
    pub(super) async fn some(
        &self,
        api: SocketAddr,
        kind: Kind,
        many: u64,
    ) -> anyhow::Result<Outcome> {
        self.load(api, Until::Count(many), self.requests(kind, Customers::All)).await
    }

    /// One request after the other by each of `customers`, on one connection.
    pub(super) async fn buy(&self, customers: &[String]) -> anyhow::Result<Vec<i64>> {
        let mut connection = Connection::open(self.api).await?;
        let mut request = Vec::new();
        let mut orders = Vec::new();
        for token in customers {
            let tokens = std::iter::once(token.clone()).collect();
            let catalog_product = self.ground.purchase.catalog_product;
            Requests::new(Kind::Purchase, tokens, catalog_product).write(&mut request);
            let reply = connection.send(&request).await?;
            ensure!(reply.status == 200, "a purchase was answered {}", reply.status);
            self.totals.acknowledged.fetch_add(1, Ordering::Relaxed);
            let bought: Value = serde_json::from_slice(reply.body)?;
            let id = bought["data"]["orders"][0]["id"].as_i64();
            orders.push(id.context("a purchase names no order")?);
        }
        Ok(orders)
    }

    /// Closed reads of `requests` at any server, for the usual time.
    pub(super) async fn read(
        &self,
        server: SocketAddr,
        requests: Requests,
    ) -> anyhow::Result<Rate> {
        Ok(self.load(server, Until::Elapsed(self.length()), requests).await?.rate())
    }

    /// A script of reads through pgbench, on the database of the servers.
    pub(super) async fn read_plainly(&self, script: &Script) -> anyhow::Result<Rate> {
        let Ground { databases, logins, .. } = self.ground;
        let folder = self.cli.work_dir.join("pgbench");
        let pgbench = Pgbench { login: &logins.api, database: &databases.main, folder: &folder };
        pgbench.run(script, Run { clients: self.cli.connections, length: self.length() }).await
    }

    async fn load(
        &self,
        api: SocketAddr,
        until: Until,
        requests: Requests,
    ) -> anyhow::Result<Outcome> {
        let buys = requests.kind() == Kind::Purchase;
        let outcome = closed(api, self.cli.connections(), until, requests).await?;
        if buys {
            self.totals.add(&outcome);
        }
        Ok(outcome)
    }

    async fn pgbench(
        &self,
        database: &str,
        who: Customers,
        length: Duration,
    ) -> anyhow::Result<Rate> {
        let Ground { databases, logins, purchase, .. } = self.ground;
        let mut purchase = purchase.clone();
        if who == Customers::One {
            purchase.last_user = purchase.first_user;
        }
        let times = "SELECT now(), now() + interval '20 minutes', now() + interval '2 minutes'";
        let times = databases.server.sql(database, times).await?;
        let times: Vec<String> = times.split('|').map(str::to_owned).collect();
        let times = times.try_into().ok().context("three times were expected")?;
        let folder = self.cli.work_dir.join("pgbench");
        let pgbench = Pgbench { login: &logins.api, database, folder: &folder };
        let run = Run { clients: self.cli.connections, length };
        let mut script = Script::purchase(&purchase, times)?;
        if database == databases.before {
            script = script.of_the_release_before();
        }
        let rate = pgbench.run(&script, run).await?;
        self.totals.referenced.fetch_add(rate.good, Ordering::Relaxed);
        Ok(rate)
    }

    /// Begins after a checkpoint, so that all runs meet the same and none falls into one.
    async fn watched(
        &self,
        run: impl Future<Output = anyhow::Result<Rate>> + Send,
    ) -> anyhow::Result<Measured> {
        let server = &self.ground.databases.server;
        server.checkpoint().await?;
        let (logged, before) = (server.counters().await?.wal_bytes, self.watch.read()?);
        let rate = run.await?;
        let cpu = proc_fs::used(&before, &self.watch.read()?);
        let wal_bytes = server.counters().await?.wal_bytes.saturating_sub(logged);
        Ok(Measured { rate, cpu, wal_bytes })
    }

    pub(super) fn requests(&self, kind: Kind, who: Customers) -> Requests {
        let tokens = match who {
            Customers::All => Arc::clone(&self.ground.tokens),
            Customers::One => self.ground.tokens.iter().take(1).cloned().collect(),
        };
        Requests::new(kind, tokens, self.ground.purchase.catalog_product)
    }
}
