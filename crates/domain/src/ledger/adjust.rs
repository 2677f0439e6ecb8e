//! Corrections by operators.

use std::sync::Arc;

use super::{JournalKey, PostError, Posted, Wallet, chart};
use crate::{
    fault::{Code, Fault, FieldFault},
    ids::UserId,
    money::Amount,
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::IdGen,
};

/// Who ordered a correction, and why; kept for ever beside the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentNote {
    /// The journal it explains.
    pub key: JournalKey,
    /// Name of the person.
    pub operator: String,
    /// The person's words.
    pub reason: String,
}

/// Gives a customer money by decision of an operator.
#[derive(Clone)]
pub struct CreditCustomer {
    store: Arc<dyn Store>,
    ids: Arc<dyn IdGen>,
}

/// What to credit, and on whose word.
#[derive(Debug, Clone)]
pub struct CreditCommand {
    /// Who gets the money.
    pub user: UserId,
    /// How much.
    pub amount: Amount,
    /// Who decides.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// Makes a repeat harmless; a fresh one is made when absent.
    pub reference: Option<String>,
}

impl CreditCustomer {
    /// Longest operator, reason or reference: they are for people, not for documents.
    const MAX_LEN: usize = 500;

    /// Wires the use case.
    pub fn new(store: Arc<dyn Store>, ids: Arc<dyn IdGen>) -> Self {
        Self { store, ids }
    }

    /// Credits and answers with the wallet afterwards.
    pub async fn execute(&self, command: CreditCommand) -> Result<(Posted, Wallet), AdjustError> {
        check("operator", &command.operator)?;
        check("reason", &command.reason)?;
        let reference = command.reference.clone().unwrap_or_else(|| self.ids.uuid().to_string());
        check("reference", &reference)?;
        retrying(ATTEMPTS, || self.credit(&command, &reference)).await
    }

    async fn credit(
        &self,
        command: &CreditCommand,
        reference: &str,
    ) -> Result<(Posted, Wallet), AdjustError> {
        let journal = chart::adjustment(reference, command.user, command.amount);
        let mut uow = self.store.begin().await?;
        let posted = uow.ledger().post(&journal).await?;
        if posted == Posted::New {
            let note = AdjustmentNote {
                key: journal.key,
                operator: command.operator.clone(),
                reason: command.reason.clone(),
            };
            uow.ledger().note_adjustment(&note).await?;
        }
        let wallet = uow.ledger().wallet(command.user).await?;
        uow.commit().await?;
        Ok((posted, wallet))
    }
}

fn check(field: &'static str, text: &str) -> Result<(), AdjustError> {
    let length = text.trim().chars().count();
    if (1..=CreditCustomer::MAX_LEN).contains(&length) {
        Ok(())
    } else {
        Err(AdjustError::Text { field })
    }
}

/// Why a correction was refused.
#[derive(Debug, thiserror::Error)]
pub enum AdjustError {
    /// An explanation is missing or too long.
    #[error("{field} must have 1 to {max} characters", max = CreditCustomer::MAX_LEN)]
    Text {
        /// Which one.
        field: &'static str,
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
            Self::Text { field } => vec![FieldFault::new(*field, self.to_string())],
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
