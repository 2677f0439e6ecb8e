//! Which movements exist. Each constructor is one business step with its deterministic key.

use std::fmt;

use super::{Account, Gateway};
use crate::{
    ids::{OrderId, ProviderId, UserId},
    money::{Amount, Cost, Currency},
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
    /// A correction by an operator.
    Adjustment,
}

impl JournalKind {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrderDebit => "ORDER_DEBIT",
            Self::OrderRefund => "ORDER_REFUND",
            Self::OrderCapture => "ORDER_CAPTURE",
            Self::TopupCredit => "TOPUP_CREDIT",
            Self::Adjustment => "ADJUSTMENT",
        }
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
}

/// The money of one attempt of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderMoney {
    /// Which order.
    pub order: OrderId,
    /// Which attempt of it: failing over to a dearer offer is a new one.
    pub attempt: i16,
    /// Whose.
    pub user: UserId,
    /// How much is set aside.
    pub price: Amount,
}

impl OrderMoney {
    /// Sets the price aside.
    pub fn hold(self) -> Journal {
        let (from, to) = (Account::Available(self.user), Account::Held(self.user));
        Journal {
            key: self.key("hold"),
            kind: JournalKind::OrderDebit,
            legs: vec![Transfer::idr(from, to, self.price)],
        }
    }

    /// Gives the price back.
    pub fn release(self) -> Journal {
        let (from, to) = (Account::Held(self.user), Account::Available(self.user));
        Journal {
            key: self.key("resolve"),
            kind: JournalKind::OrderRefund,
            legs: vec![Transfer::idr(from, to, self.price)],
        }
    }

    /// Earns the price and books what the number cost.
    ///
    /// Shares its key with [`Self::release`]: a hold is resolved once, one way or the other.
    pub fn capture(self, provider: ProviderId, cost: Cost) -> Journal {
        let mut legs = vec![Transfer::idr(Account::Held(self.user), Account::Revenue, self.price)];
        if let Some(amount) = Amount::new(cost.micros()) {
            legs.push(Transfer {
                from: Account::ProviderPrepaid(provider),
                to: Account::ProviderExpense(provider),
                amount,
                currency: Currency::Usd,
            });
        }
        Journal { key: self.key("resolve"), kind: JournalKind::OrderCapture, legs }
    }

    fn key(self, step: &str) -> JournalKey {
        JournalKey(format!("order:{}:{}:{step}", self.order, self.attempt))
    }
}

/// Credits a payment, once per payment of the gateway whatever events tell of it.
pub fn topup(gateway: Gateway, payment: &str, user: UserId, amount: Amount) -> Journal {
    let (from, to) = (Account::GatewayClearing(gateway), Account::Available(user));
    Journal {
        key: JournalKey(format!("topup:{}:{payment}", gateway.code())),
        kind: JournalKind::TopupCredit,
        legs: vec![Transfer::idr(from, to, amount)],
    }
}

/// Gives a customer money by decision of an operator.
pub fn adjustment(reference: &str, user: UserId, amount: Amount) -> Journal {
    let (from, to) = (Account::Adjustment, Account::Available(user));
    Journal {
        key: JournalKey(format!("adjustment:{reference}")),
        kind: JournalKind::Adjustment,
        legs: vec![Transfer::idr(from, to, amount)],
    }
}
