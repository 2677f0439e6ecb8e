//! The exchange rates that the sandbox tells.
//!
//! - `POST rates` sets `usd_idr` (any JSON value, also a nonsensical one), `age_seconds` and
//!   `faults`
//! - `GET rates` shows them

use axum::{Router, extract::State, routing::get};

use super::json::{Answer, Input};
use crate::{rates::RatesUpdate, world::App};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/rates", get(show).post(update))
}

async fn show(State(app): State<App>) -> Answer {
    Answer(app.world().rates.view())
}

async fn update(State(app): State<App>, Input(update): Input<RatesUpdate>) -> Answer {
    let world = app.world();
    world.rates.update(update);
    Answer(world.rates.view())
}
