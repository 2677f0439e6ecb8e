//! The readers of sessions, refunds and disputes, for the crate that tries them on anything.

use domain::{
    gateways::{DisputeReport, PaymentStatus, RefundReport},
    money::Money,
};

use super::{dispute::Dispute, refund::Refund, session::Session};

/// How a session stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it was opened for.
    pub charge: Option<Money>,
    /// In our words; nothing for words that we do not know.
    pub status: Option<PaymentStatus>,
    /// What arrived, if it is settled.
    pub received: Option<Money>,
}

/// How a session stands; nothing when it is none.
pub fn standing(session: &[u8]) -> Option<Standing> {
    let session: Session = serde_json::from_slice(session).ok()?;
    let (charge, status, received) = (session.charge(), session.payment(), session.received());
    Some(Standing { charge, status, received })
}

/// A refund, when it is one.
pub fn refund(refund: &[u8]) -> Option<RefundReport> {
    serde_json::from_slice::<Refund>(refund).ok()?.report().ok()
}

/// A dispute, when it is one.
pub fn dispute(dispute: &[u8]) -> Option<DisputeReport> {
    serde_json::from_slice::<Dispute>(dispute).ok()?.report().ok()
}
