//! Collecting what customers owe.

use std::sync::Arc;

use super::{LedgerQueries, PostError};
use crate::{
    ids::UserId,
    store::{ATTEMPTS, Store, StoreError, retrying},
};

/// Spends on debts what came back into wallets since: holds that were released, above all.
///
/// A reconciler: safe to run twice, late, or on two machines at once.
#[derive(Clone)]
pub struct CollectDebts {
    store: Arc<dyn Store>,
    ledger: Arc<dyn LedgerQueries>,
}

impl CollectDebts {
    /// Wallets looked at in one pass.
    const BATCH: u32 = 100;

    /// Wires the reconciler.
    pub fn new(store: Arc<dyn Store>, ledger: Arc<dyn LedgerQueries>) -> Self {
        Self { store, ledger }
    }

    /// One batch; answers how many wallets were looked at.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let users = self.ledger.payable_debts(Self::BATCH).await?;
        for user in &users {
            if let Err(error) = retrying(ATTEMPTS, || self.collect(*user)).await {
                tracing::error!(user.id = %user, %error, "debt of customer {user} not collected");
            }
        }
        Ok(users.len())
    }

    async fn collect(&self, user: UserId) -> Result<(), PostError> {
        let mut uow = self.store.begin().await?;
        uow.ledger().repay_debt(user).await?;
        Ok(uow.commit().await?)
    }
}
