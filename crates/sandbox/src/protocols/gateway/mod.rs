//! What the stand-ins for gateways that call back have in common.

mod answer;
mod faults;
mod ids;
mod mailbox;
mod sending;
mod teller;

pub(crate) use answer::answer;
pub(crate) use faults::{CallKind, GatewayFaults};
pub(crate) use ids::Ids;
pub(crate) use mailbox::{Callback, Letter, Mailbox, Members, Parcel};
pub(crate) use sending::Sending;
pub(crate) use teller::{Sent, Shape, Target, Teller};

/// Which money a payer sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayKind {
    /// What is still missing.
    #[default]
    Exact,
    /// More than is missing.
    Over,
    /// Less than is missing.
    Under,
    /// What is missing, after the time to pay has run out.
    Late,
    /// The whole amount again, after it was paid.
    Second,
}

/// Why an outside act cannot happen.
#[derive(Debug)]
pub(crate) enum ActError {
    /// There is no such payment or callback.
    Unknown,
    /// It does not fit how the payment stands, which is carried.
    Conflict(String),
    /// The gateway has nothing like it.
    Impossible(&'static str),
}
