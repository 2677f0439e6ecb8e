use async_trait::async_trait;
use domain::{
    ids::UserId,
    ledger::{
        Freeze, FreezeInForce, Journal, JournalKey, LedgerQueries, LedgerRepo, PostError, Posted,
        Wallet,
        adjust::{Proposal, StoredProposal},
        audit::{AuditReport, TrialLine},
        statement::StatementLine,
        treasury::Decision,
    },
    money::{Amount, Balance, Currency},
    store::StoreError,
};

use super::{
    MemStore, audit,
    state::{State, misuse},
    unit::MemUnit,
};
use crate::start_of_time;

#[async_trait]
impl LedgerRepo for MemUnit {
    async fn open_wallet(&mut self, user: UserId) -> Result<(), StoreError> {
        self.step("open_wallet", |unit| {
            unit.draft.books.wallets.entry(user).or_default();
            Ok(())
        })
        .await
    }

    async fn open_test_wallet(&mut self, user: UserId) -> Result<(), StoreError> {
        self.step("open_test_wallet", |unit| {
            let books = &mut *unit.draft.books;
            if let std::collections::btree_map::Entry::Vacant(e) = books.wallets.entry(user) {
                e.insert(Wallet::default());
                books.tests.insert(user);
            }
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

    async fn propose_adjustment(&mut self, proposal: &Proposal) -> Result<bool, PostError> {
        self.step("propose_adjustment", |unit| unit.draft.books.propose(proposal)).await
    }

    async fn approve_adjustment(
        &mut self,
        reference: &str,
        approver: &str,
    ) -> Result<(Posted, UserId), PostError> {
        let approve = |unit: &mut Self| unit.draft.books.approve(reference, approver);
        self.step("approve_adjustment", approve).await
    }

    async fn note_decision(
        &mut self,
        key: &JournalKey,
        decision: &Decision,
    ) -> Result<(), StoreError> {
        self.step("note_decision", |unit| {
            let key = key.as_str().to_owned();
            match unit.draft.books.decisions.insert(key, decision.clone()) {
                None => Ok(()),
                Some(_) => Err(misuse("this is explained already")),
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

    async fn currency(&self, user: UserId) -> Result<Currency, StoreError> {
        self.read("currency", |state: &State| state.books.currency(user)).await
    }

    async fn trial_balance(&self) -> Result<Vec<TrialLine>, StoreError> {
        self.read("trial_balance", |state: &State| audit::trial_balance(&state.books)).await
    }

    async fn statement(
        &self,
        user: UserId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<StatementLine>, StoreError> {
        self.read("statement", |state: &State| {
            let lines = state.books.history(user).into_iter().rev();
            let lines = lines.filter(|line| before.is_none_or(|before| line.seq < before));
            lines.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect()
        })
        .await
    }

    async fn freezes(&self, user: UserId) -> Result<Vec<FreezeInForce>, StoreError> {
        self.read("freezes", |state: &State| {
            let mine = state.books.freezes.iter().filter(|freeze| freeze.user == user);
            let since = start_of_time();
            mine.map(|freeze| FreezeInForce { freeze: freeze.clone(), since }).collect()
        })
        .await
    }

    async fn proposals(&self, limit: u32) -> Result<Vec<StoredProposal>, StoreError> {
        self.read("proposals", |state: &State| {
            let at = start_of_time();
            let stored = state.books.proposals.values().map(|proposal| StoredProposal {
                approved: state.books.approvals.get(&proposal.reference).map(|by| (by.clone(), at)),
                proposal: proposal.clone(),
                at,
            });
            let mut stored: Vec<_> = stored.collect();
            stored.sort_by_key(|stored| stored.approved.is_some());
            stored.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            stored
        })
        .await
    }

    async fn payable_debts(&self, limit: u32) -> Result<Vec<UserId>, StoreError> {
        self.read("payable_debts", |state: &State| {
            let wallets = state.books.wallets.iter();
            let payable = wallets.filter(|(_, it)| it.debt.get() > 0 && it.available.get() > 0);
            payable
                .map(|(user, _)| *user)
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .collect()
        })
        .await
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        self.read("audit", audit::report).await
    }
}

impl MemStore {
    /// Makes a wallet hold what no movement says, as somebody with the keys of a database could.
    pub async fn tamper_with_wallet(&self, user: UserId) {
        let mut state = self.state.lock().await;
        if let Some(wallet) = state.books.wallets.get_mut(&user) {
            wallet.available = Balance::new(wallet.available.get() + 1).unwrap_or_default();
        }
    }

    /// What every customer has.
    pub async fn all_wallets(&self) -> Vec<(UserId, Wallet)> {
        let state = self.state.lock().await;
        state.books.wallets.iter().map(|(user, wallet)| (*user, *wallet)).collect()
    }
}
