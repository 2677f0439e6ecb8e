//! The public API: what customers' programs call.
//!
//! [`router`] turns an [`AppState`] of use cases and query ports into the routes of the contract;
//! [`start`] fills that state from real backends and serves it.

mod auth;
mod config;
mod detached;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod limits;
pub mod live;
mod openapi;
mod routes;
mod state;
mod wiring;

pub use auth::{Callers, CurrentUser};
pub use config::{Config, Quotas, Streams};
pub use limits::Meter;
pub use openapi::{errors_page, openapi};
pub use routes::{Published, published, router};
pub use state::{AppState, Parts};

use http_kit::{Limits, Stages, health_routes, standard, with_client_ip};
use runtime::App;

/// Wires the backends, without waiting for any of them, and serves until the process stops.
///
/// # Errors
/// When a setting is unusable or the address is taken.
pub fn start(config: &Config, app: App) -> anyhow::Result<()> {
    let listener = http_kit::bind(config.http.listen)?;
    let limits = Limits { time: config.request_time(), ..Limits::default() };
    let wired = self::wiring::wire(config, &app.supervisor)?;
    let router = with_client_ip(router(wired.state), config.http.trusted_proxies)
        .merge(health_routes(wired.health, app.metrics));
    let router = standard(router, limits);
    tracing::info!("listening on {}", listener.local_addr()?);
    app.supervisor.spawn("http", move |stop| {
        let stages = Stages { soft: stop.soft, hard: stop.hard, drain: app.shutdown.drain };
        http_kit::serve(listener, router, stages)
    });
    Ok(())
}
