use async_trait::async_trait;

use super::{Journal, adjust::AdjustmentNote, audit::AuditReport};
use crate::{
    fault::{Code, Fault},
    ids::UserId,
    money::Balance,
    store::{AsContention, StoreError},
};

/// Wallets and transfers inside a unit of work.
#[async_trait]
pub trait LedgerRepo: Send {
    /// Opens the empty wallet of a new customer; does nothing when it exists.
    async fn open_wallet(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Posts one journal. The same key with the same content changes nothing.
    ///
    /// # Errors
    /// After any error the unit can only be dropped: its commit fails.
    async fn post(&mut self, journal: &Journal) -> Result<Posted, PostError>;

    /// Keeps who ordered a correction, and why. Belongs to the journal with the same key.
    async fn note_adjustment(&mut self, note: &AdjustmentNote) -> Result<(), StoreError>;

    /// What a wallet holds, as this unit sees it.
    async fn wallet(&mut self, user: UserId) -> Result<Wallet, StoreError>;
}

/// Reading the ledger outside of units of work.
#[async_trait]
pub trait LedgerQueries: Send + Sync {
    /// What a wallet holds; empty for a customer without one.
    async fn wallet(&self, user: UserId) -> Result<Wallet, StoreError>;

    /// Proves the books from the first row to the last, without stopping writers.
    async fn audit(&self) -> Result<AuditReport, StoreError>;
}

/// A customer's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wallet {
    /// Can be spent.
    pub available: Balance,
    /// Set aside for running orders.
    pub held: Balance,
}

/// What posting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// The money moved now.
    New,
    /// It had moved before under the same key; nothing changed.
    Already,
}

/// Why a journal was refused.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// A wallet holds less than should leave it.
    #[error("the wallet holds too little")]
    InsufficientFunds,
    /// The key stands for a different step already, such as a release where a capture was.
    #[error("journal {0} exists with other content")]
    KeyReused(String),
    /// The rules of the ledger forbid it; a bug in the caller.
    #[error("the ledger refuses this journal: {0}")]
    Forbidden(String),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for PostError {
    fn code(&self) -> Code {
        match self {
            Self::InsufficientFunds => Code::InsufficientBalance,
            Self::KeyReused(_) | Self::Forbidden(_) => Code::InternalError,
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for PostError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
