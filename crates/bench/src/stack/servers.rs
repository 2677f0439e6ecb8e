use std::time::Duration;

use tokio::process::Command;

use super::{Ground, Process, process::free_address};
use crate::{
    postgres::{Login, UNFINISHED},
    proc_fs::Watch,
};

const API: &str = "api-server";
const INGEST: &str = "webhook-ingest";
const WORKER: &str = "task-worker";
const BARE: &str = "bare-server";

const READY: &[u8] = b"GET /health/ready HTTP/1.1\r\nhost: bench\r\n\r\n";

/// The three servers, ready.
pub(crate) struct Servers {
    pub(crate) api: Process,
    pub(crate) ingest: Process,
    worker: Process,
}

impl Servers {
    pub(crate) async fn start(ground: &Ground<'_>) -> anyhow::Result<Self> {
        Ok(Self {
            api: ready(start_api(ground, &ground.logins.api)?).await?,
            ingest: ready(start(ground, INGEST, &ground.logins.webhook)?).await?,
            worker: ready(start(ground, WORKER, &ground.logins.worker)?).await?,
        })
    }

    pub(crate) const fn all(&self) -> [&Process; 3] {
        [&self.api, &self.ingest, &self.worker]
    }

    pub(crate) async fn watch(&self, ground: &Ground<'_>) -> anyhow::Result<Watch> {
        let postmaster = ground.databases.server.postmaster().await?;
        let ours = self.all().map(|process| (process.name, process.pid));
        Ok(Watch::new(postmaster, ours.into_iter().chain(ground.helpers())))
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.api.stop().await?;
        self.ingest.stop().await?;
        self.worker.stop().await
    }
}

/// Starts the server that answers without a database, with answers as long as those of the API.
pub(crate) async fn start_bare(
    ground: &Ground<'_>,
    [balance, order]: [usize; 2],
) -> anyhow::Result<Process> {
    let address = free_address()?;
    let mut command = Command::new(ground.binary(BARE));
    command
        .env("SWITCHBOARD__HTTP__LISTEN", address.to_string())
        .env("SWITCHBOARD__SHUTDOWN__DRAIN_SECONDS", "0")
        .env("SWITCHBOARD__BARE__BALANCE_BYTES", balance.to_string())
        .env("SWITCHBOARD__BARE__ORDER_BYTES", order.to_string());
    ready(Process::start(BARE, address, command, &ground.logs)?).await
}

/// Starts api-server without waiting for it.
pub(crate) fn start_api(ground: &Ground<'_>, login: &Login) -> anyhow::Result<Process> {
    start(ground, API, login)
}

fn start(ground: &Ground<'_>, name: &'static str, login: &Login) -> anyhow::Result<Process> {
    let address = free_address()?;
    let mut command = Command::new(ground.binary(name));
    command
        .envs(ground.settings(login))
        .env("SWITCHBOARD__HTTP__LISTEN", address.to_string())
        .env("SWITCHBOARD__SHUTDOWN__DRAIN_SECONDS", "0")
        // Counted as always, and never refused: one address and one token make all the load.
        .env("SWITCHBOARD__LIMITS__TOKEN_PER_MINUTE", "10000000")
        .env("SWITCHBOARD__LIMITS__USER_PER_MINUTE", "10000000")
        .env("SWITCHBOARD__LIMITS__IP_PER_MINUTE", "10000000")
        // None of its customers ever gets a message.
        .env("SWITCHBOARD__ABUSE__UNFINISHED_ORDERS", UNFINISHED.to_string())
        .env("SWITCHBOARD__ABUSE__SOFT_ORDERS", UNFINISHED.to_string())
        .env("SWITCHBOARD__ABUSE__HARD_ORDERS", UNFINISHED.to_string());
    if name == WORKER {
        // What every order causes runs as usual. What comes by the clock would fall into some of
        // the runs and not into others.
        command
            .env("SWITCHBOARD__TASKS__POLL_MS", "60000")
            .env("SWITCHBOARD__TASKS__CATALOG_SECONDS", "86400")
            .env("SWITCHBOARD__TASKS__AUDIT_SECONDS", "86400")
            .env("SWITCHBOARD__TASKS__FULL_AUDIT_SECONDS", "86400")
            .env("SWITCHBOARD__TASKS__ROLL_UP_SECONDS", "86400")
            .env("SWITCHBOARD__TASKS__COLLECT_SECONDS", "86400")
            .env("SWITCHBOARD__TASKS__MONITOR_SECONDS", "86400");
    }
    Process::start(name, address, command, &ground.logs)
}

async fn ready(mut process: Process) -> anyhow::Result<Process> {
    process.answers(READY, Duration::from_millis(20)).await?;
    Ok(process)
}
