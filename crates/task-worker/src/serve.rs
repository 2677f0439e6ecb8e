//! Health and metrics, which is all that this binary serves.

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::Router;
use http_kit::{Health, Limits, Stages, health_routes, standard};
use runtime::App;

/// Serves them until the process ends.
pub(crate) fn serve(health: Health, address: SocketAddr, app: App) -> anyhow::Result<()> {
    let routes = Router::new().merge(health_routes(health, app.metrics));
    let routes = standard(routes, Limits::default());
    let listener = http_kit::bind(address).context("cannot listen for health checks")?;
    tracing::info!("listening on {}", listener.local_addr()?);
    let drain = app.shutdown.drain;
    app.supervisor.spawn("http", move |stop| {
        http_kit::serve(listener, routes, Stages { soft: stop.soft, hard: stop.hard, drain })
    });
    Ok(())
}

/// Tells whoever looks into Redis or the queue which process holds a lock or a task.
pub(crate) fn instance() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}
