use anyhow::Context;
use serde_json::Value;

use super::decimal::micros;
use crate::stack::PROVIDERS;

/// What really happened outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) activations: Vec<Activation>,
    pub(crate) sessions: Vec<Session>,
    /// Per provider: what it charged for good, in millionths of a dollar.
    pub(crate) charged: Vec<(String, i64)>,
    /// Events of the gateway that nobody has taken yet.
    pub(crate) untaken: Vec<String>,
}

/// A number that was sold to us.
#[derive(Debug, Clone)]
pub(crate) struct Activation {
    pub(crate) provider: String,
    pub(crate) id: String,
    pub(crate) phone: String,
    pub(crate) cost_micros: i64,
    pub(crate) status: String,
    pub(crate) messages: Vec<Sent>,
}

/// A message that was sent to a rented number.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) text: String,
    pub(crate) code: String,
}

impl Sent {
    /// Whether this is what a customer reads. A provider that is asked, instead of telling by
    /// itself, may tell no more than the code.
    pub(crate) fn reads(&self, text: &str) -> bool {
        text == self.text || text == self.code
    }
}

/// A visit to the payment page.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) topup: String,
    /// In hundredths of a rupiah.
    pub(crate) total: i64,
    pub(crate) currency: String,
    pub(crate) is_paid: bool,
}

impl Activation {
    /// True until it has ended, by whoever.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "WAITING" | "RECEIVED" | "WAIT_RETRY")
    }
}

impl World {
    pub(crate) fn parse(state: &Value) -> anyhow::Result<Self> {
        let mut world = Self::default();
        for provider in PROVIDERS {
            let book = &state["providers"][provider];
            let sold = book["activations"].as_array().context("no activations")?;
            for one in sold {
                let found = activation(provider, one).with_context(|| one.to_string())?;
                world.activations.push(found);
            }
            let money = |key: &str| micros(&plain(&book[key])).context("no amount");
            let charged = money("charged_usd")? - money("refunded_usd")?;
            world.charged.push((provider.to_owned(), charged));
        }
        for one in state["stripe"]["sessions"].as_array().context("no sessions")? {
            world.sessions.push(session(one).with_context(|| one.to_string())?);
        }
        let events = state["stripe"]["events"].as_array().context("no events")?;
        let is_taken = |event: &&Value| {
            let mut deliveries = event["deliveries"].as_array().into_iter().flatten();
            deliveries.any(|it| it["status"] == 200)
        };
        let untaken = events.iter().filter(|event| !is_taken(event));
        world.untaken = untaken.map(|event| plain(&event["id"])).collect();
        Ok(world)
    }
}

fn activation(provider: &str, one: &Value) -> Option<Activation> {
    let messages = one["sms"].as_array()?.iter();
    let messages =
        messages.map(|sms| Sent { text: plain(&sms["text"]), code: plain(&sms["code"]) });
    Some(Activation {
        provider: provider.to_owned(),
        id: one["id"].as_u64()?.to_string(),
        phone: plain(&one["phone"]),
        cost_micros: micros(&plain(&one["cost_usd"]))?,
        status: plain(&one["status"]),
        messages: messages.collect(),
    })
}

fn session(one: &Value) -> Option<Session> {
    Some(Session {
        id: plain(&one["id"]),
        topup: plain(&one["client_reference_id"]),
        total: one["amount_total"].as_i64()?,
        currency: plain(&one["currency"]),
        is_paid: one["payment_status"] == "paid",
    })
}

/// A text as it is, anything else as it is written.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
