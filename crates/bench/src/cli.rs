use std::{path::PathBuf, time::Duration};

use clap::Parser;

/// Measures the release binaries beside pgbench on one machine and writes down what came out.
///
/// Starts a stack of its own: two databases, a Redis, the sandbox and the three servers. Nothing
/// else should use the machine or the database server meanwhile.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// Owner of the database server; databases are created and dropped beside the one named.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: String,
    /// Who api-server and pgbench log in as; the owner when absent.
    #[arg(long, env = "API_DATABASE_URL", hide_env_values = true)]
    pub(crate) api_database_url: Option<String>,
    /// Who webhook-ingest logs in as; the owner when absent.
    #[arg(long, env = "WEBHOOK_DATABASE_URL", hide_env_values = true)]
    pub(crate) webhook_database_url: Option<String>,
    /// Who task-worker logs in as; the owner when absent.
    #[arg(long, env = "WORKER_DATABASE_URL", hide_env_values = true)]
    pub(crate) worker_database_url: Option<String>,
    /// Who ctl logs in as, except to migrate; the owner when absent.
    #[arg(long, env = "OPERATOR_DATABASE_URL", hide_env_values = true)]
    pub(crate) operator_database_url: Option<String>,
    /// Where the binaries are.
    #[arg(long, default_value = "target/release")]
    pub(crate) bin_dir: PathBuf,
    /// Rounds of neighbouring measurements.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Length of one measurement.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
    pub(crate) seconds: u64,
    /// Customers who buy.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) customers: u32,
    /// Keep-alive connections, and clients of pgbench.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=512))]
    pub(crate) connections: u32,
    /// Purchases a second at the fixed rate.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rate: u32,
    /// Purchases of each half of the counting run.
    #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) counted: u32,
    /// Starts of api-server whose median counts.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) starts: u32,
    /// The document to write.
    #[arg(long, default_value = "docs/benchmarks.md")]
    pub(crate) document: PathBuf,
    /// The same figures for programs.
    #[arg(long, default_value = "target/bench.json")]
    pub(crate) json: PathBuf,
    /// Where tests left what they measured.
    #[arg(long, default_value = "target/figures")]
    pub(crate) figures: PathBuf,
    /// Measure nothing; write those figures into their part of the document.
    #[arg(long)]
    pub(crate) only_webhooks: bool,
    /// Logs of the started processes.
    #[arg(long, default_value = "target/bench")]
    pub(crate) work_dir: PathBuf,
}

impl Cli {
    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.try_into().unwrap_or(usize::MAX)
    }
}
