//! Proving the books, and stopping the accounts whose books do not hold.

use std::{collections::BTreeSet, sync::Arc};

use super::{Freeze, FreezeCause, LedgerQueries, LedgerUpkeep};
use crate::{
    ids::UserId,
    store::{ATTEMPTS, Store, StoreError, retrying},
};

/// Audits, and stops the purchases of every customer whose books do not hold (fail closed). It
/// repairs nothing: that takes a person.
#[derive(Clone)]
pub struct AuditBooks {
    store: Arc<dyn Store>,
    ledger: Arc<dyn LedgerQueries>,
    upkeep: Arc<dyn LedgerUpkeep>,
}

impl AuditBooks {
    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        ledger: Arc<dyn LedgerQueries>,
        upkeep: Arc<dyn LedgerUpkeep>,
    ) -> Self {
        Self { store, ledger, upkeep }
    }

    /// Looks at what was finished since the last time.
    ///
    /// The horizon moves only after the accounts concerned are stopped, so that a crash in between
    /// looks at the same movements again.
    pub async fn recent(&self) -> Result<AuditReport, StoreError> {
        let (report, horizon) = self.upkeep.audit_recent().await?;
        self.freeze(&report).await?;
        self.upkeep.mark_audited(horizon).await?;
        Ok(report)
    }

    /// Looks at everything from the first movement on.
    pub async fn full(&self) -> Result<AuditReport, StoreError> {
        let report = self.ledger.audit().await?;
        self.freeze(&report).await?;
        Ok(report)
    }

    async fn freeze(&self, report: &AuditReport) -> Result<(), StoreError> {
        let concerned: BTreeSet<_> =
            report.findings.iter().filter_map(|it| Some((it.user_id?, &it.invariant))).collect();
        for (user, invariant) in concerned {
            let (user, reference) = (UserId::new(user), invariant.clone());
            let freeze = Freeze { user, cause: FreezeCause::Audit, reference };
            match retrying(ATTEMPTS, || self.stop(&freeze)).await {
                Ok(false) => {}
                Ok(true) => {
                    tracing::error!(user.id = %user, "customer {user} may not buy: {invariant} does not hold");
                }
                Err(error @ (StoreError::Contention | StoreError::Unavailable(_))) => {
                    return Err(error);
                }
                // Who has no wallet cannot buy; the finding itself is reported.
                Err(error) => {
                    tracing::error!(user.id = %user, %error, "customer {user} not stopped");
                }
            }
        }
        Ok(())
    }

    async fn stop(&self, freeze: &Freeze) -> Result<bool, StoreError> {
        let mut uow = self.store.begin().await?;
        let is_new = uow.ledger().freeze(freeze).await?;
        uow.commit().await?;
        Ok(is_new)
    }
}

/// Up to where movements were looked at; opaque to everybody but storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Horizon(pub i64);

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
    /// One hash over the ends of all wallets' chains. Kept outside of the database it shows later
    /// whether history was rewritten together with its hashes. Only a full audit has it.
    pub root: Option<String>,
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
