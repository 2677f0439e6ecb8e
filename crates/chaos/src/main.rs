//! Breaks the real system while customers use it, and proves afterwards that no money was lost,
//! nothing was done twice, and everything came to an end.

mod check;
mod cli;
mod evidence;
mod history;
mod load;
mod nemesis;
mod proxy;
mod random;
mod report;
mod run;
mod stack;

use std::{
    future::pending,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::{Cli, Command},
    report::Summary,
};

/// One thread: the harness must leave a core to what it watches.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(options) => tokio::select! {
            done = Box::pin(run::run(&options)) => done,
            // What was started ends with what is dropped here, and the disk is unmounted.
            () = interrupted() => Err(anyhow::anyhow!("interrupted")),
        },
        Command::Check { directory } => run::check(&directory),
        Command::Report { document, built, directories } => {
            report(document.as_deref(), &built, &directories)
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Somebody at the keyboard, or whoever ends processes.
async fn interrupted() {
    let Ok(mut ended) = signal(SignalKind::terminate()) else { return pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = ended.recv() => {}
    }
}

fn report(document: Option<&Path>, built: &str, directories: &[PathBuf]) -> anyhow::Result<()> {
    let runs = directories.iter().map(|directory| Summary::load(directory));
    let figures = report::figures(&runs.collect::<anyhow::Result<Vec<_>>>()?, built)?;
    match document {
        Some(document) => report::write(document, &figures),
        None => Ok(writeln!(std::io::stdout(), "{figures}")?),
    }
}
