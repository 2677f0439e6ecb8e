use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Breaks the real system while customers use it, and counts what was lost.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a system, break it by a plan that the seed repeats, and check what is left
    Run(Options),
    /// Check again what a run has left in its directory
    Check {
        /// Where the run wrote
        directory: PathBuf,
    },
    /// Show the figures of runs, or write them into the document that publishes them
    Report {
        /// The document
        #[arg(long)]
        document: Option<PathBuf>,
        /// What was run, such as "Release builds of 1.0"
        #[arg(long, default_value = "Builds of unknown origin")]
        built: String,
        /// Where the runs wrote
        #[arg(required = true)]
        directories: Vec<PathBuf>,
    },
}

/// How to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Decides all faults and all requests; drawn and shown unless given
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// What is broken
    #[arg(long, default_value = "short", value_parser = clap::builder::PossibleValuesParser::new(crate::nemesis::names()))]
    pub(crate) profile: String,
    /// How long; that of the profile unless given
    #[arg(long)]
    pub(crate) minutes: Option<f64>,
    /// Faults of each lane of the profile; as many as fit into the time unless given
    #[arg(long)]
    pub(crate) steps: Option<u64>,
    /// Customers who buy at the same time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) customers: u32,
    /// Connections to Postgres of each server: few of them show who waits for whom
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) connections: u32,
    /// Where the binaries are
    #[arg(long, default_value = "target/debug")]
    pub(crate) bin_dir: PathBuf,
    /// Size of the disk in memory that Postgres gets, so that it can be made full
    #[arg(long, default_value_t = 1024)]
    pub(crate) disk_mib: u64,
    /// Everything the run writes; a folder below `target/chaos` unless given
    #[arg(long)]
    pub(crate) directory: Option<PathBuf>,
    /// A task-worker built with the feature `unfenced`: tasks have to take effect twice
    #[arg(long, value_name = "PATH")]
    pub(crate) control: Option<PathBuf>,
}
