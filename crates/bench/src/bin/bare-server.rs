//! Answers reads with as many bytes as the API does, from memory: what HTTP, JSON and the layers
//! cost without authentication and database.

use std::process::ExitCode;

use axum::{Router, routing::get};
use http_kit::{Limits, Reply, Stages, health_routes, standard};
use runtime::{
    App,
    config::{Http, Keys, Section},
};

struct Config {
    http: Http,
    bare: Bare,
}

impl Section for Config {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self { http: keys.section("http"), bare: keys.section("bare") }
    }
}

/// `[bare]`: the length of each answer.
struct Bare {
    balance_bytes: usize,
    order_bytes: usize,
}

impl Section for Bare {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            balance_bytes: keys.within("balance_bytes", 100, 1..=1_000_000),
            order_bytes: keys.within("order_bytes", 800, 1..=1_000_000),
        }
    }
}

fn main() -> ExitCode {
    runtime::main_with("bare-server", async |config, app| start(&config, app))
}

fn start(config: &Config, app: App) -> anyhow::Result<()> {
    let listener = http_kit::bind(config.http.listen)?;
    let health = http_kit::Health::new(app.supervisor.stop().soft);
    let layered =
        standard(routes(&config.bare).merge(health_routes(health, app.metrics)), Limits::default());
    let router = Router::new().nest("/alone", routes(&config.bare)).merge(layered);
    app.supervisor.spawn("http", move |stop| {
        let stages = Stages { soft: stop.soft, hard: stop.hard, drain: app.shutdown.drain };
        http_kit::serve(listener, router, stages)
    });
    Ok(())
}

fn routes(bare: &Bare) -> Router {
    let (balance, order) = (filler(bare.balance_bytes), filler(bare.order_bytes));
    Router::new()
        .route("/v1/balance", get(async move || Reply::new(balance)))
        .route("/v1/orders/{id}", get(async move || Reply::new(order)))
}

/// A text that makes an answer of `bytes`, as far as the envelope leaves room.
fn filler(bytes: usize) -> &'static str {
    const ENVELOPE: usize = r#"{"success":true,"data":""}"#.len();
    "x".repeat(bytes.saturating_sub(ENVELOPE)).leak()
}
