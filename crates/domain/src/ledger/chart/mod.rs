//! Which movements exist. Each constructor is one business step with its deterministic key.

mod order;
mod payment;
mod treasury;

use std::fmt;

pub use self::{
    order::{OrderMoney, compensation, late_sms},
    payment::{clawback, clawback_reversal, topup, topup_refund, topup_refund_reversal},
    treasury::{adjustment, deduction, funding, orphan_sms, settlement, test_credit},
};
use super::Account;
use crate::{
    ids::UserId,
    money::{Amount, Currency},
};

/// One business step: it happens wholly or not at all, and at most once per key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// Derived from the business step, so that every retry collides with the first run.
    pub key: JournalKey,
    /// What kind of step.
    pub kind: JournalKind,
    /// The movements, each balanced in itself.
    pub legs: Vec<Transfer>,
}

/// Names a business step, such as `order:42:1:hold`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JournalKey(String);

impl JournalKey {
    /// The key of a step that spends a customer's money on their debt: where the wallet stands
    /// names it, because the amount depends on that.
    pub fn repayment(user: UserId, seq: i64) -> Self {
        Self(format!("debt:{user}:{seq}"))
    }

    /// The key as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JournalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a journal is; customers see these names in their statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JournalKind {
    /// Money set aside for an order.
    OrderDebit,
    /// Money of an order given back.
    OrderRefund,
    /// Money of an order earned by delivery.
    OrderCapture,
    /// Money that a gateway collected.
    TopupCredit,
    /// A payment that the gateway took back from us, now owed by the customer.
    Clawback,
    /// A payment taken back that the gateway returned after all.
    ClawbackReversal,
    /// A payment that we sent back to the customer.
    TopupRefund,
    /// A payment that we sent back and that did not arrive.
    TopupRefundReversal,
    /// Spendable money that a customer's debt consumed.
    DebtRepayment,
    /// The cost of a code that came after the refund of its order.
    LateSms,
    /// The cost of a code that came to a number of no order.
    OrphanSms,
    /// Money given back for an order whose code was delivered.
    OrderCompensation,
    /// Money that a gateway paid out to us, and its fee.
    GatewaySettlement,
    /// Money that we sent to a provider in advance.
    ProviderFunding,
    /// A correction by an operator.
    Adjustment,
    /// Money of no value for a test account.
    TestCredit,
}

impl JournalKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::OrderDebit,
        Self::OrderRefund,
        Self::OrderCapture,
        Self::OrderCompensation,
        Self::LateSms,
        Self::OrphanSms,
        Self::TopupCredit,
        Self::TopupRefund,
        Self::TopupRefundReversal,
        Self::Clawback,
        Self::ClawbackReversal,
        Self::DebtRepayment,
        Self::GatewaySettlement,
        Self::ProviderFunding,
        Self::Adjustment,
        Self::TestCredit,
    ];

    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderDebit => "ORDER_DEBIT",
            Self::OrderRefund => "ORDER_REFUND",
            Self::OrderCapture => "ORDER_CAPTURE",
            Self::TopupCredit => "TOPUP_CREDIT",
            Self::Clawback => "CLAWBACK",
            Self::ClawbackReversal => "CLAWBACK_REVERSAL",
            Self::TopupRefund => "TOPUP_REFUND",
            Self::TopupRefundReversal => "TOPUP_REFUND_REVERSAL",
            Self::DebtRepayment => "DEBT_REPAYMENT",
            Self::LateSms => "LATE_SMS",
            Self::OrphanSms => "ORPHAN_SMS",
            Self::OrderCompensation => "ORDER_COMPENSATION",
            Self::GatewaySettlement => "GATEWAY_SETTLEMENT",
            Self::ProviderFunding => "PROVIDER_FUNDING",
            Self::Adjustment => "ADJUSTMENT",
            Self::TestCredit => "TEST_CREDIT",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// One movement: `amount` leaves `from` and enters `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// Gets poorer.
    pub from: Account,
    /// Gets richer.
    pub to: Account,
    /// How much; always positive.
    pub amount: Amount,
    /// What `amount` is counted in.
    pub currency: Currency,
}

impl Transfer {
    const fn idr(from: Account, to: Account, amount: Amount) -> Self {
        Self { from, to, amount, currency: Currency::Idr }
    }

    const fn usd(from: Account, to: Account, amount: Amount) -> Self {
        Self { from, to, amount, currency: Currency::Usd }
    }
}
