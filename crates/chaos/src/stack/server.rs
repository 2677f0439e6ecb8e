use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use reqwest::Client;
use tokio::time::timeout;

use super::process::{Process, Program};

/// Longer than a healthy server takes to answer, short enough to look again often.
const GLANCE: Duration = Duration::from_secs(2);

/// One of our servers.
pub(crate) struct Server {
    process: Process,
    /// What it is: several replicas have one kind.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    http: Client,
}

impl Server {
    pub(super) fn start(
        kind: &'static str,
        program: Program,
        address: SocketAddr,
        http: Client,
    ) -> anyhow::Result<Self> {
        let name = program.name.clone();
        Ok(Self { process: Process::start(program)?, kind, name, address, http })
    }

    /// Waits until it can do its work.
    pub(crate) async fn ready(&self) -> anyhow::Result<()> {
        let watch = self.process.watch(Duration::from_millis(5));
        while let Err(error) = self.page("/health/ready").await {
            watch.again(error).await?;
        }
        Ok(())
    }

    /// Ends it at once.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        self.process.kill().await
    }

    /// Starts it again after its end.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        self.process.start_again().await
    }

    /// Sends a signal, such as `STOP` or `CONT`.
    pub(crate) async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        self.process.signal(signal).await
    }

    /// Asks it to end; answers whether it did so cleanly.
    pub(crate) async fn stop(&self) -> anyhow::Result<bool> {
        self.process.signal("TERM").await?;
        self.process.ended().await
    }

    /// True until it ended by itself.
    pub(crate) async fn is_running(&self) -> anyhow::Result<bool> {
        self.process.is_running().await
    }

    /// The sum of a metric over all labels, of those lines that have `label` in them.
    pub(crate) async fn metric(&self, name: &str, label: &str) -> anyhow::Result<f64> {
        let page = self.page("/metrics").await?;
        let lines = page.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(label)
        });
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(values.sum())
    }

    async fn page(&self, path: &str) -> anyhow::Result<String> {
        let url = format!("http://{}{path}", self.address);
        let asking = async {
            let response = self.http.get(url).send().await?;
            let status = response.status().as_u16();
            ensure!(status == 200, "{path} answers {status}");
            Ok(response.text().await?)
        };
        timeout(GLANCE, asking).await.context("no answer")?
    }
}
