//! Runs the sandbox until it is told to stop.

mod cli;

use std::{fs, io, io::IsTerminal, net::SocketAddr, path::Path};

use anyhow::Context;
use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = cli::Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let is_terminal = io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(is_terminal)
        .init();

    let mut terminate = signal(SignalKind::terminate()).context("cannot watch SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch SIGINT")?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    };

    let listener = TcpListener::bind(cli.listen).await.context("cannot listen")?;
    let address = listener.local_addr().context("the listener has no address")?;
    if let Some(path) = &cli.addr_file {
        announce(path, address).with_context(|| format!("cannot write {}", path.display()))?;
    }
    tracing::info!(%address, "sandbox listens");
    sandbox::serve(cli.into_config(), listener, stop).await.context("the server failed")
}

/// Writes the address in one step, so that a reader never sees half of it.
fn announce(path: &Path, address: SocketAddr) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".tmp");
    fs::write(&unfinished, address.to_string())?;
    fs::rename(&unfinished, path)
}
