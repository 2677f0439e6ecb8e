use crate::{
    gateways::Payment,
    ids::{PaymentEventId, TopupId, UserId},
    ledger::Gateway,
    money::Amount,
    time::Timestamp,
};

/// A customer's intent to pay in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topup {
    /// Our reference, shown to the gateway.
    pub id: TopupId,
    /// Who pays.
    pub user: UserId,
    /// Through whom.
    pub gateway: Gateway,
    /// How much, in whole rupiah.
    pub amount: Amount,
    /// Where it stands.
    pub state: TopupState,
    /// The gateway's id of the payment, once known.
    pub payment_id: Option<String>,
    /// Where the customer pays.
    pub checkout_url: Option<String>,
    /// When it was started.
    pub created_at: Timestamp,
}

/// Where a top-up stands. Only forward; late money still credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopupState {
    /// Stored; the gateway may not know of it yet.
    Created,
    /// The customer can pay.
    Pending,
    /// Paid by a method that settles later.
    Processing,
    /// Credited.
    Paid,
    /// The payment window closed.
    Expired,
    /// The payment failed.
    Failed,
    /// Something does not fit; for the operator.
    Review,
}

impl TopupState {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Paid => "PAID",
            Self::Expired => "EXPIRED",
            Self::Failed => "FAILED",
            Self::Review => "REVIEW",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Created,
            Self::Pending,
            Self::Processing,
            Self::Paid,
            Self::Expired,
            Self::Failed,
            Self::Review,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

/// A gateway's notification that is stored and will not be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPayment {
    /// Its row.
    pub id: PaymentEventId,
    /// What it tells.
    pub payment: Payment,
    /// How often it was tried to act on it.
    pub attempts: i32,
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentEventState {
    /// Not acted on yet.
    Pending,
    /// Acted on, or nothing to do.
    Done,
    /// Does not fit its top-up; nothing credited; for the operator.
    Refused,
    /// No such top-up after a day; for the operator.
    Parked,
}

impl PaymentEventState {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Done => "DONE",
            Self::Refused => "REFUSED",
            Self::Parked => "PARKED",
        }
    }
}
