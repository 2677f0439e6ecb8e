use async_trait::async_trait;
use domain::{
    ids::UserId,
    ledger::{
        Freeze, Journal, LedgerQueries, LedgerRepo, PostError, Posted, Wallet,
        adjust::AdjustmentNote, audit::AuditReport,
    },
    money::Amount,
    store::StoreError,
};

use super::{
    MemStore, audit,
    state::{State, misuse},
    unit::MemUnit,
};

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

    async fn repay_debt(&mut self, user: UserId) -> Result<Option<Amount>, PostError> {
        self.step("repay_debt", |unit| unit.draft.books.repay_debt(user)).await
    }

    async fn freeze(&mut self, freeze: &Freeze) -> Result<bool, StoreError> {
        self.step("freeze", |unit| unit.draft.books.freeze(freeze)).await
    }

    async fn unfreeze(&mut self, freeze: &Freeze, _by: &str) -> Result<bool, StoreError> {
        self.step("unfreeze", |unit| Ok(unit.draft.books.unfreeze(freeze))).await
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

impl MemStore {
    /// What every customer has.
    pub async fn all_wallets(&self) -> Vec<(UserId, Wallet)> {
        let state = self.state.lock().await;
        state.books.wallets.iter().map(|(user, wallet)| (*user, *wallet)).collect()
    }
}
