//! What the health of the books is judged by, beside their being right.

use super::Gateway;
use crate::{ids::ProviderId, money::Currency, time::Timestamp};

/// One look at everything that should come to an end, or agree with the world outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vitals {
    /// Orders whose money is set aside.
    pub holds: Waiting,
    /// Of these, orders whose provider has not answered long after it should have.
    pub stuck_reserving: Waiting,
    /// Of these, orders whose window ended and that did not.
    pub overdue: Waiting,
    /// Wallets that owe money, and how much together, in whole rupiah.
    pub debts: (i64, i64),
    /// Customers who may not buy.
    pub frozen: i64,
    /// Corrections that wait for a second signature.
    pub proposals: Waiting,
    /// What gateways collected and have not paid out.
    pub clearing: Vec<Clearing>,
    /// What providers hold for us by our books.
    pub prepaid: Vec<Prepaid>,
    /// What each provider lists that no order of ours owns, by its short name.
    pub strangers: Vec<(String, Waiting)>,
    /// Payments of the last day that were booked without any notification of their gateway.
    pub unannounced: Vec<(Gateway, i64)>,
    /// When sums were last added up, and when books were last audited.
    pub rolled_up_at: Option<Timestamp>,
    /// When what changed was last audited.
    pub audited_at: Option<Timestamp>,
}

/// How many wait, and since when the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// How many.
    pub count: i64,
    /// Since when the one that waits longest.
    pub since: Option<Timestamp>,
}

/// One clearing account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clearing {
    /// Whose.
    pub gateway: Gateway,
    /// In which currency.
    pub currency: Currency,
    /// Collected and not paid out, in ledger units; below zero when more came than was collected.
    pub unsettled: i64,
    /// When the oldest payment came that no payout covers, paying the oldest first.
    pub since: Option<Timestamp>,
}

/// One provider's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepaid {
    /// Whose.
    pub provider: ProviderId,
    /// Its short name.
    pub code: String,
    /// What it holds for us by our books, in millionths of a US dollar.
    pub booked: i64,
    /// What numbers cost that run now: charged there already, not booked yet.
    pub running: i64,
    /// Whether any funding was ever booked: without it there is nothing to compare.
    pub funded: bool,
}
