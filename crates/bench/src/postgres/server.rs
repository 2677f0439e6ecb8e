use std::{process::Stdio, str::FromStr};

use anyhow::{Context, bail};
use tokio::io::AsyncWriteExt;

use super::Login;

/// The server, as its owner sees it.
pub(crate) struct Server {
    owner: Login,
    /// Any database of the server that may be connected to.
    home: String,
}

/// How far the server's counters are, all databases together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Transactions that wrote something.
    pub(crate) writes: u64,
    pub(crate) wal_bytes: u64,
}

impl Counters {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            writes: self.writes.saturating_sub(earlier.writes),
            wal_bytes: self.wal_bytes.saturating_sub(earlier.wal_bytes),
        }
    }
}

impl Server {
    pub(crate) fn new(owner: Login) -> Self {
        Self { owner, home: "postgres".to_owned() }
    }

    pub(crate) const fn owner(&self) -> &Login {
        &self.owner
    }

    /// Runs statements and gives back what they print, values separated by `|`.
    pub(crate) async fn sql(&self, database: &str, statements: &str) -> anyhow::Result<String> {
        let mut child = self
            .owner
            .command("psql", database)
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run psql")?;
        let mut stdin = child.stdin.take().context("psql has no input")?;
        stdin.write_all(statements.as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        if !output.status.success() {
            bail!("psql failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim_matches('\n').to_owned())
    }

    /// The one value that `statement` prints.
    pub(crate) async fn value<T: FromStr>(
        &self,
        database: &str,
        statement: &str,
    ) -> anyhow::Result<T> {
        let text = self.sql(database, statement).await?;
        text.parse().ok().with_context(|| format!("unexpected answer {text:?} to {statement}"))
    }

    pub(crate) async fn create(&self, database: &str) -> anyhow::Result<()> {
        self.sql(&self.home, &format!("CREATE DATABASE {database}")).await.map(drop)
    }

    /// A copy of `original`, which nobody may be connected to.
    pub(crate) async fn copy(&self, original: &str, copy: &str) -> anyhow::Result<()> {
        let statement = format!("CREATE DATABASE {copy} TEMPLATE {original}");
        self.sql(&self.home, &statement).await.map(drop)
    }

    pub(crate) async fn drop(&self, database: &str) -> anyhow::Result<()> {
        let statement = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        self.sql(&self.home, &statement).await.map(drop)
    }

    pub(crate) async fn checkpoint(&self) -> anyhow::Result<()> {
        self.sql(&self.home, "CHECKPOINT").await.map(drop)
    }

    pub(crate) async fn counters(&self) -> anyhow::Result<Counters> {
        let statement = "SELECT pg_snapshot_xmax(pg_current_snapshot()), \
                         pg_current_wal_insert_lsn() - '0/0'";
        let text = self.sql(&self.home, statement).await?;
        let (writes, wal) = text.split_once('|').context("two counters were expected")?;
        Ok(Counters { writes: writes.parse()?, wal_bytes: wal.parse()? })
    }

    /// The process that all others of the server are children of, when it runs on this machine.
    pub(crate) async fn postmaster(&self) -> anyhow::Result<u32> {
        let child = "SELECT pg_read_file('postmaster.pid')";
        let text = self.sql(&self.home, child).await?;
        let pid = text.lines().next().and_then(|line| line.parse().ok());
        pid.context("the server does not say which process it is")
    }

    pub(crate) async fn settings(&self) -> anyhow::Result<Vec<(String, String)>> {
        let statement = "SELECT name || '=' || current_setting(name) FROM unnest(ARRAY[
            'server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums',
            'shared_buffers', 'max_wal_size', 'wal_compression', 'jit']) AS name";
        let text = self.sql(&self.home, statement).await?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
