//! Breaks the real system while customers use it, and proves afterwards that no money was lost,
//! nothing was done twice, and everything came to an end.

mod cli;
mod history;
mod load;
mod nemesis;
mod proxy;
mod random;
mod run;
mod stack;

use clap::Parser;

use crate::cli::{Cli, Command};

/// One thread: the harness must leave a core to what it watches.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Run(options) => Box::pin(run::run(&options)).await,
    }
}
