//! Stopping an account: it may not buy, whatever else goes on.

use crate::{ids::UserId, time::Timestamp};

/// One reason for which a customer may not buy. Several may be in force at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Whose purchases.
    pub user: UserId,
    /// What kind of reason.
    pub cause: FreezeCause,
    /// Which finding, dispute or decision; with the cause it names the freeze.
    pub reference: String,
}

/// A freeze that stops purchases now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeInForce {
    /// Which one.
    pub freeze: Freeze,
    /// Since when.
    pub since: Timestamp,
}

/// Why purchases are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FreezeCause {
    /// The audit found that the customer's books do not hold.
    Audit,
    /// A payment is disputed at its gateway.
    Dispute,
    /// An operator decided.
    Operator,
}

impl FreezeCause {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Dispute => "dispute",
            Self::Operator => "operator",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Audit, Self::Dispute, Self::Operator]
            .into_iter()
            .find(|cause| cause.as_str() == text)
    }
}
