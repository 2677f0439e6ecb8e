//! What an audit of the books looks at and finds.

/// The outcome of one audit. Clean means: no finding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// Movements looked at.
    pub transfers: i64,
    /// Wallets looked at.
    pub wallets: i64,
    /// Everything that does not hold.
    pub findings: Vec<Finding>,
    /// Sum over all accounts per currency; each must be zero.
    pub trial_balance: Vec<TrialLine>,
}

impl AuditReport {
    /// True when nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

/// One violated invariant at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The invariant's number in docs/invariants.md.
    pub invariant: String,
    /// The customer concerned, if it is one.
    pub user_id: Option<i64>,
    /// The order concerned, if it is one.
    pub order_id: Option<i64>,
    /// What differs from what.
    pub detail: String,
}

/// What one class of accounts holds in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialLine {
    /// Class of the account.
    pub class: String,
    /// Currency code.
    pub currency: String,
    /// Entered minus left, in ledger units.
    pub balance: i64,
}
