//! The control API: plays the outside world and shows the books.
//!
//! Everything is below `/control` and takes JSON. `GET state?newest=` shows all books at once,
//! `POST reset` (`seed`) starts over, `POST clock/advance` (`seconds`) turns the clock. The module
//! of each counterpart lists the rest.

mod btcpay;
mod callbacks;
mod duitku;
mod heleket;
mod json;
mod order;
mod providers;
mod rates;
mod stripe;

use axum::{
    Router,
    extract::{Query, State},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use self::json::{Answer, ControlError, Input};
use crate::{
    protocols::gateway::Teller as _,
    world::{App, World},
};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/state", get(state))
        .route("/reset", post(reset))
        .route("/clock/advance", post(advance))
        .merge(providers::routes())
        .merge(stripe::routes())
        .merge(heleket::routes())
        .merge(btcpay::routes())
        .merge(rates::routes())
        .merge(duitku::routes())
        .fallback(async || ControlError::not_found("no such control"))
        .method_not_allowed_fallback(async || ControlError::method())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateQuery {
    /// How many activations, sessions and events to show; all when absent.
    newest: Option<usize>,
}

async fn state(State(app): State<App>, query: Query<StateQuery>) -> Answer {
    Answer(view(&app.world(), query.newest.unwrap_or(usize::MAX)))
}

fn view(world: &World, newest: usize) -> Value {
    let providers = world.providers();
    let providers = providers.iter().map(|it| (it.name.clone(), it.view(newest)));
    json!({
        "seed": world.seed,
        "now": world.clock.now().rfc3339(),
        "providers": providers.collect::<serde_json::Map<_, _>>(),
        "stripe": world.stripe.view(newest),
        "duitku": world.duitku.view(newest),
        "heleket": world.heleket.view(newest),
        "btcpay": world.btcpay.view(newest),
        "rates": world.rates.view(),
    })
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    /// Starts the new world from another seed, which also gives other ids.
    seed: Option<u64>,
}

async fn reset(State(app): State<App>, Input(reset): Input<Reset>) -> Answer {
    Answer(view(&*app.reset(reset.seed).await, usize::MAX))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u32,
}

async fn advance(State(app): State<App>, Input(advance): Input<Advance>) -> Answer {
    let world = app.world();
    world.clock.advance(advance.seconds);
    world.expire_due();
    Answer(json!({ "now": world.clock.now().rfc3339() }))
}
