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
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;

use crate::{
    cli::{Cli, Command},
    report::Summary,
};

/// One thread: the harness must leave a core to what it watches.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(options) => Box::pin(run::run(&options)).await,
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

fn report(document: Option<&Path>, built: &str, directories: &[PathBuf]) -> anyhow::Result<()> {
    let runs = directories.iter().map(|directory| Summary::load(directory));
    let figures = report::figures(&runs.collect::<anyhow::Result<Vec<_>>>()?, built)?;
    match document {
        Some(document) => report::write(document, &figures),
        None => Ok(writeln!(std::io::stdout(), "{figures}")?),
    }
}
