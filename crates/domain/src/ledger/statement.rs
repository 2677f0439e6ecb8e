//! A wallet's history for people.

use super::JournalKind;
use crate::time::Timestamp;

/// One movement of a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    /// Its number in the wallet's history, from 1 on without gaps.
    pub seq: i64,
    /// The business step, such as `order:42:1:hold`.
    pub key: String,
    /// What kind of step.
    pub kind: JournalKind,
    /// In the wallet's currency; what it did to the wallet shows in the balances.
    pub amount: i64,
    /// What could be spent, was held and was owed afterwards.
    pub after: Standing,
    /// When.
    pub at: Timestamp,
}

/// What a wallet held at a moment, in its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Could be spent.
    pub available: i64,
    /// Was set aside.
    pub held: i64,
    /// Was owed.
    pub debt: i64,
}
