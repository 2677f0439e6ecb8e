use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    ids::UserId,
    ledger::{
        Account, Journal, JournalKind, LedgerQueries, LedgerRepo, PostError, Posted, Transfer,
        Wallet, adjust::AdjustmentNote, audit::AuditReport,
    },
    store::StoreError,
};

use super::{
    MemStore, audit,
    state::{State, misuse},
    unit::MemUnit,
};

/// The ledger: journals, one row per movement, and the wallets' running balances.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    pub(super) wallets: BTreeMap<UserId, Wallet>,
    pub(super) journals: BTreeMap<String, Journal>,
    pub(super) rows: Vec<Row>,
    pub(super) notes: BTreeMap<String, AdjustmentNote>,
}

/// One movement, and what the wallet it touched held afterwards.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) transfer: Transfer,
    pub(super) after: Option<(UserId, Wallet)>,
}

impl Books {
    /// Posts `journal`. After an error these books are half written and must be forgotten.
    pub(super) fn post(&mut self, journal: &Journal) -> Result<Posted, PostError> {
        let key = journal.key.as_str();
        if let Some(known) = self.journals.get(key) {
            let same = known == journal;
            return if same { Ok(Posted::Already) } else { Err(PostError::KeyReused(key.into())) };
        }
        self.check(journal)?;
        for transfer in &journal.legs {
            let after = self.shift(transfer)?;
            self.rows.push(Row { transfer: *transfer, after });
        }
        self.journals.insert(key.to_owned(), journal.clone());
        Ok(Posted::New)
    }

    fn check(&self, journal: &Journal) -> Result<(), PostError> {
        let refuse = |why: &str| Err(PostError::Forbidden(format!("{}: {why}", journal.key)));
        let wallets =
            journal.legs.iter().filter(|leg| leg.from.wallet().or(leg.to.wallet()).is_some());
        if journal.legs.is_empty() || wallets.count() > 1 {
            return refuse("a journal has movements, of which at most one touches a wallet");
        }
        if journal.legs.iter().any(|leg| leg.from == leg.to) {
            return refuse("money must move");
        }
        let resolves = matches!(journal.kind, JournalKind::OrderRefund | JournalKind::OrderCapture);
        if resolves && !self.was_held(journal) {
            return refuse("resolves no such hold");
        }
        Ok(())
    }

    /// Whether exactly what `journal` takes out of a hold was put there by the same attempt.
    fn was_held(&self, journal: &Journal) -> bool {
        let key = journal.key.as_str().strip_suffix("resolve").map(|stem| format!("{stem}hold"));
        let put_in = key.and_then(|key| self.journals.get(&key)?.legs.first());
        let taken = journal.legs.iter().find(|leg| matches!(leg.from, Account::Held(_)));
        match (put_in, taken) {
            (Some(put_in), Some(taken)) => put_in.to == taken.from && put_in.amount == taken.amount,
            _ => false,
        }
    }

    fn shift(&mut self, transfer: &Transfer) -> Result<Option<(UserId, Wallet)>, PostError> {
        let Some(user) = transfer.from.wallet().or(transfer.to.wallet()) else { return Ok(None) };
        let wallet = self.wallets.get_mut(&user);
        let wallet =
            wallet.ok_or_else(|| PostError::Forbidden(format!("customer {user} has no wallet")))?;
        let amount = transfer.amount;
        match transfer.from {
            Account::Available(_) => {
                let left = wallet.available.minus(amount);
                wallet.available = left.ok_or(PostError::InsufficientFunds)?;
            }
            Account::Held(_) => {
                wallet.held = wallet.held.minus(amount).ok_or(PostError::InsufficientFunds)?;
            }
            _ => {}
        }
        let full = || PostError::Forbidden(format!("the wallet of customer {user} overflows"));
        match transfer.to {
            Account::Available(_) => {
                wallet.available = wallet.available.plus(amount).ok_or_else(full)?;
            }
            Account::Held(_) => wallet.held = wallet.held.plus(amount).ok_or_else(full)?,
            _ => {}
        }
        Ok(Some((user, *wallet)))
    }

    /// A correction without an explanation does not commit.
    pub(super) fn check_explained(&self) -> Result<(), StoreError> {
        let unexplained = self
            .journals
            .values()
            .filter(|journal| journal.kind == JournalKind::Adjustment)
            .find(|journal| !self.notes.contains_key(journal.key.as_str()));
        match unexplained {
            None => Ok(()),
            Some(journal) => Err(misuse(&format!("{} names no operator", journal.key))),
        }
    }

    fn wallet(&self, user: UserId) -> Wallet {
        self.wallets.get(&user).copied().unwrap_or_default()
    }
}

#[async_trait]
impl LedgerRepo for MemUnit {
    async fn open_wallet(&mut self, user: UserId) -> Result<(), StoreError> {
        self.step("open_wallet", |unit| {
            unit.draft.books.wallets.entry(user).or_default();
            Ok(())
        })
        .await
    }

    async fn post(&mut self, journal: &Journal) -> Result<Posted, PostError> {
        self.step("post", |unit| unit.draft.books.post(journal)).await
    }

    async fn note_adjustment(&mut self, note: &AdjustmentNote) -> Result<(), StoreError> {
        self.step("note_adjustment", |unit| {
            let key = note.key.as_str().to_owned();
            match unit.draft.books.notes.insert(key, note.clone()) {
                None => Ok(()),
                Some(_) => Err(misuse("this correction is explained already")),
            }
        })
        .await
    }

    async fn wallet(&mut self, user: UserId) -> Result<Wallet, StoreError> {
        self.step("wallet", |unit| Ok(unit.draft.books.wallet(user))).await
    }
}

#[async_trait]
impl LedgerQueries for MemStore {
    async fn wallet(&self, user: UserId) -> Result<Wallet, StoreError> {
        self.read("query_wallet", |state: &State| state.books.wallet(user)).await
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        self.read("audit", audit::report).await
    }
}
