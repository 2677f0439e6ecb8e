//! Corrections by operators: one proposes, another approves, and only then money moves.

use std::sync::Arc;

use super::{PostError, Posted, Wallet};
use crate::{
    fault::{Code, Fault, FieldFault},
    ids::UserId,
    money::Amount,
    store::{ATTEMPTS, AsContention, Store, StoreError, UnitOfWork, retrying},
    time::{IdGen, Timestamp},
};

/// A correction that somebody asks for. It moves no money until a second person approves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Names it; makes a repeat harmless.
    pub reference: String,
    /// Whose wallet.
    pub user: UserId,
    /// Which way.
    pub change: Change,
    /// How much.
    pub amount: Amount,
    /// Who asks.
    pub operator: String,
    /// Why; kept for ever beside the money.
    pub reason: String,
}

/// Which way a correction moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// Into the customer's wallet.
    Give,
    /// Out of what the customer can spend.
    Take,
}

impl Change {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Give => "give",
            Self::Take => "take",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Give, Self::Take].into_iter().find(|change| change.as_str() == text)
    }
}

/// A proposal as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProposal {
    /// What was asked for.
    pub proposal: Proposal,
    /// When.
    pub at: Timestamp,
    /// Who approved it and when, once somebody has.
    pub approved: Option<(String, Timestamp)>,
}

/// Longest operator or reason: they are for people, not for documents.
pub(super) const MAX_TEXT: usize = 500;
/// Longest reference: it becomes part of the journal's key.
pub(super) const MAX_REFERENCE: usize = 200;

/// Corrections: proposing, approving, and both at once where two people stand at one desk.
#[derive(Clone)]
pub struct Adjustments {
    store: Arc<dyn Store>,
    ids: Arc<dyn IdGen>,
}

impl Adjustments {
    /// Wires the use cases.
    pub fn new(store: Arc<dyn Store>, ids: Arc<dyn IdGen>) -> Self {
        Self { store, ids }
    }

    /// A reference that nobody used, for a proposal that is not given one.
    pub fn fresh_reference(&self) -> String {
        self.ids.uuid().to_string()
    }

    /// Keeps a proposal; false when the same one was made before.
    pub async fn propose(&self, proposal: &Proposal) -> Result<bool, AdjustError> {
        check_proposal(proposal)?;
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            let is_new = uow.ledger().propose_adjustment(proposal).await?;
            uow.commit().await?;
            Ok(is_new)
        })
        .await
    }

    /// Moves the money of a proposal on the word of a second person; answers with the wallet
    /// afterwards.
    pub async fn approve(
        &self,
        reference: &str,
        approver: &str,
    ) -> Result<(Posted, Wallet), AdjustError> {
        check("approver", approver, MAX_TEXT)?;
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            let done = approve(&mut *uow, reference, approver).await?;
            uow.commit().await?;
            Ok(done)
        })
        .await
    }

    /// Proposes and approves in one unit.
    pub async fn decide(
        &self,
        proposal: &Proposal,
        approver: &str,
    ) -> Result<(Posted, Wallet), AdjustError> {
        check_proposal(proposal)?;
        check("approver", approver, MAX_TEXT)?;
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            uow.ledger().propose_adjustment(proposal).await?;
            let done = approve(&mut *uow, &proposal.reference, approver).await?;
            uow.commit().await?;
            Ok(done)
        })
        .await
    }
}

async fn approve(
    uow: &mut (dyn UnitOfWork + '_),
    reference: &str,
    approver: &str,
) -> Result<(Posted, Wallet), AdjustError> {
    let (posted, user) = uow.ledger().approve_adjustment(reference, approver).await?;
    uow.ledger().repay_debt(user).await?;
    Ok((posted, uow.ledger().wallet(user).await?))
}

fn check_proposal(proposal: &Proposal) -> Result<(), AdjustError> {
    check("operator", &proposal.operator, MAX_TEXT)?;
    check("reason", &proposal.reason, MAX_TEXT)?;
    check("reference", &proposal.reference, MAX_REFERENCE)
}

pub(super) fn check(field: &'static str, text: &str, max: usize) -> Result<(), AdjustError> {
    let length = text.trim().chars().count();
    if (1..=max).contains(&length) { Ok(()) } else { Err(AdjustError::Text { field, max }) }
}

/// Why a correction was refused.
#[derive(Debug, thiserror::Error)]
pub enum AdjustError {
    /// An explanation is missing or too long.
    #[error("{field} must have 1 to {max} characters")]
    Text {
        /// Which one.
        field: &'static str,
        /// How long it may be.
        max: usize,
    },
    /// The ledger refused.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for AdjustError {
    fn code(&self) -> Code {
        match self {
            Self::Text { .. } => Code::ValidationError,
            Self::Post(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Text { field, .. } => vec![FieldFault::new(*field, self.to_string())],
            _ => Vec::new(),
        }
    }
}

impl AsContention for AdjustError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            Self::Text { .. } => false,
        }
    }
}
