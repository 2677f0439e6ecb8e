use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::nemesis::Act;

/// One line of the history.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Since the start of the run.
    pub(crate) at_ms: u64,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// What a line tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum What {
    /// The first line: enough to run the same again.
    Begin(Header),
    /// Somebody who buys, and what they were given to begin with.
    Customer { id: i64, email: String, granted: i64 },
    Invoke {
        call: u64,
        customer: i64,
        /// Which server is asked.
        via: String,
        #[serde(flatten)]
        what: Call,
    },
    Return {
        call: u64,
        #[serde(flatten)]
        answer: Answer,
    },
    /// Somebody begins to listen to a stream of events, at that place.
    Listens { customer: i64, after: u64 },
    /// An event reached somebody who listens.
    Heard { customer: i64, seq: u64, event: String, order: i64 },
    /// A fault begins.
    Fault {
        number: u64,
        #[serde(flatten)]
        act: Act,
    },
    /// It has been undone, and how that went.
    Healed { number: u64, note: String },
    /// From a kill until something worked again.
    Recovered { what: String, ms: u64 },
    /// No more faults from here on.
    Calm,
    /// No more requests either.
    Silent,
    /// Every order is over and every message acted on.
    Quiet { after_ms: u64 },
    /// What was skipped, and why.
    Note { text: String },
}

/// How a run was started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) seed: u64,
    pub(crate) profile: String,
    pub(crate) minutes: f64,
    /// Whether the workers were built without the fence that the check has to miss.
    #[serde(default)]
    pub(crate) is_control: bool,
    /// Connections to Postgres of each server.
    pub(crate) connections: u32,
    /// The start on the clock that the database shows, too.
    pub(crate) unix_ms: u64,
    pub(crate) arguments: Vec<String>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Call {
    Buy {
        key: String,
        body: Value,
    },
    Cancel {
        order: i64,
    },
    Finish {
        order: i64,
    },
    Resend {
        order: i64,
    },
    Read {
        order: i64,
    },
    List,
    Balance,
    Topup {
        amount: i64,
        gateway: String,
    },
    /// An operator sends a payment back; all that is left of it without an amount.
    Refund {
        topup: String,
        amount: Option<i64>,
    },
    /// The payer's bank takes it back.
    Dispute {
        topup: String,
    },
    /// Tasks that leave a trace of each time they took effect.
    Drill {
        subjects: Vec<String>,
    },
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// Absent when no whole answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The error code of a refusal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) code: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) orders: Vec<Seen>,
    /// The numbers of a purchase that could not be had.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) failed: u64,
    /// The top-up that was started.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) topup: String,
    /// The refund that was ordered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) refund: String,
    /// What it took from the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taken: Option<i64>,
    /// Tells two answers to one key apart without keeping them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) hash: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Answer {
    /// Nobody can tell what happened.
    pub(crate) const fn unknown() -> Self {
        Self {
            outcome: Outcome::Unknown,
            status: None,
            code: String::new(),
            orders: Vec::new(),
            failed: 0,
            topup: String::new(),
            refund: String::new(),
            taken: None,
            hash: 0,
        }
    }
}

/// How a call ended for the one who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Done.
    Ok,
    /// Refused: nothing was done.
    Fail,
    /// It may or may not have been done.
    Unknown,
}

/// An order as a customer saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) id: i64,
    pub(crate) status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) revision: i64,
}
