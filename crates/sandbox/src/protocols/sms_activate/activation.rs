use serde::Serialize;

use crate::{
    catalog::{Country, Service},
    clock::Moment,
    decimal::Decimal,
};

/// Where an activation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    /// Sold, no message yet.
    Waiting,
    /// A message arrived.
    Received,
    /// The customer asked for one more message.
    WaitRetry,
    /// Ended with a message; the charge stays.
    Finished,
    /// Ended by the customer without a message; refunded.
    Cancelled,
    /// Ended by time without a message; refunded.
    Expired,
}

impl Status {
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Received | Self::WaitRetry)
    }

    /// Whether the charge was given back.
    pub(super) const fn is_refunded(self) -> bool {
        matches!(self, Self::Cancelled | Self::Expired)
    }

    /// The number the lists of the protocol print.
    pub(super) const fn number(self) -> &'static str {
        match self {
            Self::Waiting => "4",
            Self::Received => "2",
            Self::WaitRetry => "3",
            Self::Finished => "6",
            Self::Cancelled | Self::Expired => "8",
        }
    }
}

/// One sold number.
pub(super) struct Activation {
    pub(super) id: u32,
    pub(super) phone: u64,
    pub(super) service: &'static Service,
    pub(super) country: &'static Country,
    pub(super) operator: &'static str,
    pub(super) cost: Decimal,
    pub(super) status: Status,
    pub(super) created_at: Moment,
    pub(super) deadline: Moment,
    pub(super) order_id: Option<Box<str>>,
    pub(super) sms: Vec<Sms>,
    pub(super) callbacks: Vec<Delivery>,
}

impl Activation {
    pub(super) fn last_sms(&self) -> Option<&Sms> {
        self.sms.last()
    }

    /// The last code; empty before the first message.
    pub(super) fn last_code(&self) -> &str {
        self.last_sms().map_or("", |sms| &sms.code)
    }
}

pub(super) struct Sms {
    pub(super) text: Box<str>,
    pub(super) code: Box<str>,
    pub(super) received_at: Moment,
}

/// One attempt to tell the customer's server; status 0 means nobody answered.
pub(super) struct Delivery {
    pub(super) at: Moment,
    pub(super) status: u16,
}
