use anyhow::Context;
use serde_json::Value;

use super::{
    decimal::micros,
    payments::{self, Payment},
};
use crate::stack::PROVIDERS;

/// What really happened outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) activations: Vec<Activation>,
    pub(crate) payments: Vec<Payment>,
    /// Per provider: what it charged for good, in millionths of a dollar.
    pub(crate) charged: Vec<(String, i64)>,
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

impl Activation {
    /// True until it has ended, by whoever.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "WAITING" | "RECEIVED" | "WAIT_RETRY")
    }
}

impl World {
    pub(super) fn parse(state: &Value) -> anyhow::Result<Self> {
        let activations = Self::activations(state)?;
        let mut charged = Vec::new();
        for provider in PROVIDERS {
            let book = &state["providers"][provider];
            let money = |key: &str| micros(&plain(&book[key])).context("no amount");
            let kept = money("charged_usd")? - money("refunded_usd")?;
            charged.push((provider.to_owned(), kept));
        }
        Ok(Self { activations, payments: payments::parse(&state["truth"])?, charged })
    }

    /// The numbers alone.
    pub(super) fn activations(state: &Value) -> anyhow::Result<Vec<Activation>> {
        let mut activations = Vec::new();
        for provider in PROVIDERS {
            let sold = state["providers"][provider]["activations"].as_array();
            for one in sold.context("no activations")? {
                let found = activation(provider, one).with_context(|| one.to_string())?;
                activations.push(found);
            }
        }
        Ok(activations)
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

/// A text as it is, anything else as it is written.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
