use std::time::Duration;

use async_trait::async_trait;

use super::{
    Journal, JournalKey,
    adjust::{Proposal, StoredProposal},
    audit::{AuditReport, Horizon, TrialLine},
    freeze::{Freeze, FreezeInForce},
    statement::StatementLine,
    treasury::Decision,
    vitals::Vitals,
};
use crate::{
    fault::{Code, Fault},
    ids::UserId,
    money::{Amount, Balance, Currency},
    store::{AsContention, StoreError},
    time::Timestamp,
};

/// Wallets and transfers inside a unit of work.
#[async_trait]
pub trait LedgerRepo: Send {
    /// Opens the empty wallet of a new customer; does nothing when it exists.
    async fn open_wallet(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Opens the empty wallet of a new test account, whose money is worth nothing; does nothing
    /// when it exists.
    async fn open_test_wallet(&mut self, user: UserId) -> Result<(), StoreError>;

    /// Posts one journal. The same key with the same content changes nothing.
    ///
    /// # Errors
    /// After any error the unit can only be dropped: its commit fails.
    async fn post(&mut self, journal: &Journal) -> Result<Posted, PostError>;

    /// Spends as much of a customer's spendable money on their debt as there is; nothing when one
    /// of both is zero. Belongs behind every step that may have filled an indebted wallet.
    async fn repay_debt(&mut self, user: UserId) -> Result<Option<Amount>, PostError>;

    /// Stops a customer's purchases; false when they are stopped for the same cause and reference
    /// already. Money still enters the wallet, and running orders end as usual.
    async fn freeze(&mut self, freeze: &Freeze) -> Result<bool, StoreError>;

    /// Lifts one freeze; false when there is none of this cause and reference. Purchases stay
    /// stopped while another one is in force.
    async fn unfreeze(&mut self, freeze: &Freeze, by: &str) -> Result<bool, StoreError>;

    /// Keeps a correction that somebody asks for; false when the same was asked before.
    async fn propose_adjustment(&mut self, proposal: &Proposal) -> Result<bool, PostError>;

    /// Posts a proposed correction on the word of somebody else; answers whose wallet it moved.
    async fn approve_adjustment(
        &mut self,
        reference: &str,
        approver: &str,
    ) -> Result<(Posted, UserId), PostError>;

    /// Keeps on whose word money was booked by hand. Belongs to the journal with the same key.
    async fn note_decision(
        &mut self,
        key: &JournalKey,
        decision: &Decision,
    ) -> Result<(), StoreError>;

    /// What a wallet holds, as this unit sees it.
    async fn wallet(&mut self, user: UserId) -> Result<Wallet, StoreError>;
}

/// Reading the ledger outside of units of work.
#[async_trait]
pub trait LedgerQueries: Send + Sync {
    /// What a wallet holds; empty for a customer without one.
    async fn wallet(&self, user: UserId) -> Result<Wallet, StoreError>;

    /// What a wallet's amounts are counted in, for ever; rupiah for a customer without one.
    async fn currency(&self, user: UserId) -> Result<Currency, StoreError>;

    /// Sums of all accounts, by class and currency.
    async fn trial_balance(&self) -> Result<Vec<TrialLine>, StoreError>;

    /// What moved a wallet, the newest first: up to `limit` lines with a number below `before`.
    async fn statement(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError>;

    /// Why a customer may not buy.
    async fn freezes(&self, user: UserId) -> Result<Vec<FreezeInForce>, StoreError>;

    /// Corrections, those that wait for approval first, then the newest first.
    async fn proposals(&self, limit: u32) -> Result<Vec<StoredProposal>, StoreError>;

    /// Customers who owe money and have some to pay it with.
    async fn payable_debts(&self, limit: u32) -> Result<Vec<UserId>, StoreError>;

    /// Proves the books from the first row to the last, without stopping writers.
    async fn audit(&self) -> Result<AuditReport, StoreError>;
}

/// What keeps the books small and watched; for the task worker.
#[async_trait]
pub trait LedgerUpkeep: Send + Sync {
    /// Adds finished movements to the sums of accounts that no row carries; answers how many.
    async fn roll_up(&self) -> Result<u64, StoreError>;

    /// Proves what was finished since [`Self::mark_audited`], without stopping writers.
    async fn audit_recent(&self) -> Result<(AuditReport, Horizon), StoreError>;

    /// Notes that everything up to `horizon` was audited.
    async fn mark_audited(&self, horizon: Horizon) -> Result<(), StoreError>;

    /// What should come to an end or agree with the world outside. Orders count as stuck that
    /// wait for their provider since before `patience`.
    async fn vitals(&self, now: Timestamp, patience: Duration) -> Result<Vitals, StoreError>;
}

/// A customer's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wallet {
    /// Can be spent.
    pub available: Balance,
    /// Set aside for running orders.
    pub held: Balance,
    /// Owed to us, because a gateway took a payment back.
    pub debt: Balance,
    /// Whether purchases are stopped.
    pub frozen: bool,
}

impl Wallet {
    /// What the customer is told: what can be spent less what is owed, below zero if need be.
    pub const fn shown(&self) -> i64 {
        // Both are 0 to i64::MAX, so this cannot overflow.
        self.available.get().saturating_sub(self.debt.get())
    }
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
    /// A wallet holds less than should leave it, or its customer owes money and wants to spend.
    #[error("the wallet holds too little")]
    InsufficientFunds,
    /// The customer's purchases are stopped.
    #[error("purchases of this customer are stopped")]
    Frozen,
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
            Self::Frozen => Code::Forbidden,
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
