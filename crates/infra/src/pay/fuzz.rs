//! Amounts as gateways write them, for the crate that tries them on anything.

use domain::{
    ledger::Gateway,
    money::{Currency, Money},
};

use super::minor::{self, Decimal};

/// A number as a gateway wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(Decimal);

impl Number {
    /// Reads a plain decimal.
    pub fn parse(text: &str) -> Option<Self> {
        Decimal::parse(text).map(Self)
    }

    /// As a sum of `currency`, when it is one in whole ledger units.
    pub fn exactly(self, currency: Currency) -> Option<Money> {
        self.0.exactly(currency)
    }

    /// As a sum of `currency`, rounded down.
    pub fn at_most(self, currency: Currency) -> Option<Money> {
        self.0.at_most(currency)
    }

    /// `self / whole` of `money`, rounded down.
    pub fn share(self, whole: Self, money: Money) -> Option<Money> {
        self.0.share(whole.0, money)
    }

    /// The sum of both.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.plus(other.0).map(Self)
    }

    /// Whether it is at least `other`.
    pub fn covers(self, other: Self) -> bool {
        self.0.covers(other.0)
    }
}

/// `money` as `gateway` wants to read it.
pub fn write(money: Money, gateway: Gateway) -> Option<String> {
    minor::write(money, gateway)
}
