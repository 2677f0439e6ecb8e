//! Measures the real binaries beside pgbench, verifies that nothing was lost meanwhile, and writes
//! docs/benchmarks.md.

mod cli;
mod load;
mod measure;
mod postgres;
mod proc_fs;
mod random;
mod report;
mod stack;
mod stats;

use anyhow::{Context, ensure};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::Cli,
    measure::say,
    postgres::Login,
    stack::{Databases, Ground},
};

/// One thread: the load generator must not take more than one core.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    if cli.only_webhooks {
        return report::refresh_webhooks(&cli).await;
    }
    let databases = Databases::new(Login::parse(&cli.database_url).context("DATABASE_URL")?);
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let outcome = tokio::select! {
        outcome = Box::pin(run(&cli, &databases)) => outcome,
        _ = interrupt.recv() => Err(anyhow::anyhow!("interrupted")),
        _ = terminate.recv() => Err(anyhow::anyhow!("told to stop")),
    };
    // Whatever happened; the processes that used them are gone by now.
    let dropped = databases.drop().await;
    outcome.and(dropped)
}

async fn run(cli: &Cli, databases: &Databases) -> anyhow::Result<()> {
    say("laying the ground ...");
    let ground = Ground::lay(cli, databases).await?;
    let findings = measure::all(cli, &ground).await?;
    ground.clear().await?;
    report::write(cli, &findings)?;
    say(&format!("wrote {} and {}", cli.document.display(), cli.json.display()));
    ensure!(findings.books.agree(), "the books do not agree: {:?}", findings.books);
    Ok(())
}
