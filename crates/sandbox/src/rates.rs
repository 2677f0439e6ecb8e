//! A source of exchange rates in the shape of the public ones: a small document, fetched by GET.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    clock::Moment,
    wire::Scissors,
    world::{App, lock},
};

/// The sources that ask for no key say when to come again: after a day.
const LIFE_SECONDS: i64 = 24 * 3600;

/// What the source tells, and how.
pub(crate) struct Rates(Mutex<Desk>);

struct Desk {
    /// Rupiah for a dollar. Any value, so that a nonsensical one can be told as well.
    usd_idr: Value,
    /// How old the rate is.
    age_seconds: u32,
    faults: RateFaults,
}

/// What goes wrong at the source.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "mirrors the document of the control API")]
pub(crate) struct RateFaults {
    /// Wait before answering.
    latency_ms: u64,
    /// Reset the connection instead of answering.
    drop: bool,
    http_500: bool,
    /// Answer 200 with a web page.
    garbage: bool,
    /// Answer 200 with the beginning of the document.
    truncated: bool,
    /// Answer 200 with a document that says that there is no answer.
    refused: bool,
    /// Leave the rupiah out.
    missing: bool,
    /// How many more calls are hit; all when absent.
    remaining: Option<u64>,
}

impl RateFaults {
    fn draw(&mut self) -> Self {
        match &mut self.remaining {
            Some(0) => return Self::default(),
            Some(remaining) => *remaining -= 1,
            None => {}
        }
        *self
    }
}

/// What the control API changes; absent fields stay as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RatesUpdate {
    usd_idr: Option<Value>,
    age_seconds: Option<u32>,
    faults: Option<RateFaults>,
}

impl Default for Rates {
    fn default() -> Self {
        let usd_idr = json!(16123.45);
        Self(Mutex::new(Desk { usd_idr, age_seconds: 3600, faults: RateFaults::default() }))
    }
}

impl Rates {
    pub(crate) fn update(&self, update: RatesUpdate) {
        let mut desk = self.desk();
        if let Some(usd_idr) = update.usd_idr {
            desk.usd_idr = usd_idr;
        }
        desk.age_seconds = update.age_seconds.unwrap_or(desk.age_seconds);
        desk.faults = update.faults.unwrap_or(desk.faults);
    }

    pub(crate) fn view(&self) -> Value {
        let desk = self.desk();
        json!({
            "usd_idr": desk.usd_idr,
            "age_seconds": desk.age_seconds,
            "faults": desk.faults,
        })
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.0)
    }
}

impl Desk {
    fn document(&self, faults: RateFaults, now: Moment) -> Value {
        if faults.refused {
            return json!({ "result": "error", "error-type": "quota-reached" });
        }
        let updated = now.unix_seconds() - i64::from(self.age_seconds);
        let mut rates = Map::from_iter([("USD".to_owned(), json!(1))]);
        if !faults.missing {
            rates.insert("IDR".to_owned(), self.usd_idr.clone());
        }
        json!({
            "result": "success",
            "base_code": "USD",
            "time_last_update_unix": updated,
            "time_next_update_unix": updated + LIFE_SECONDS,
            "rates": rates,
        })
    }
}

/// Tells what a dollar costs.
pub(crate) async fn handle(State(app): State<App>, request: Request) -> Response {
    let world = app.world();
    let (faults, document) = {
        let mut desk = world.rates.desk();
        let faults = desk.faults.draw();
        (faults, desk.document(faults, world.clock.now()))
    };
    world.courier.pause(Duration::from_millis(faults.latency_ms)).await;
    if faults.drop {
        return Scissors::of(&request).cut();
    }
    if faults.http_500 {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if faults.garbage {
        return Html("<html><h1>Just a moment...</h1></html>").into_response();
    }
    if faults.truncated {
        let text = document.to_string();
        let half: String = text.chars().take(text.len() / 2).collect();
        return ([("content-type", "application/json")], half).into_response();
    }
    Json(document).into_response()
}
