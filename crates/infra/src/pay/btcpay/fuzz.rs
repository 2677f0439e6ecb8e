//! The readers of invoices and refunds, for the crate that tries them on anything.

use domain::{
    gateways::{PaymentStatus, RefundState},
    money::Money,
};

use super::{
    invoice::{Invoice, Method},
    refund::{Payout, PullPayment},
};

/// How an invoice stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it was opened for.
    pub charge: Option<Money>,
    /// In our words.
    pub status: PaymentStatus,
    /// What has arrived for good.
    pub received: Option<Money>,
}

/// How `invoice` stands, given the ways it was paid by; nothing when it is none.
pub fn standing(invoice: &[u8], methods: &[u8]) -> Option<Standing> {
    let invoice: Invoice = serde_json::from_slice(invoice).ok()?;
    let methods: Vec<Method> = serde_json::from_slice(methods).unwrap_or_default();
    let (status, received) = invoice.standing(&methods)?;
    Some(Standing { charge: invoice.charge(), status, received })
}

/// How much of `received` a pull payment gives back, and how it stands; nothing when it is none.
pub fn refund(
    pull: &[u8],
    payouts: &[u8],
    methods: &[u8],
    received: Money,
) -> Option<(Option<Money>, RefundState)> {
    let pull: PullPayment = serde_json::from_slice(pull).ok()?;
    let payouts: Vec<Payout> = serde_json::from_slice(payouts).unwrap_or_default();
    let methods: Vec<Method> = serde_json::from_slice(methods).unwrap_or_default();
    Some((pull.value(&methods, received), pull.state(&payouts)))
}
