use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use domain::{
    ids::{OrderId, TopupId},
    store::{Store, StoreError, UnitOfWork},
    time::Timestamp,
};
use tokio::sync::OwnedMutexGuard;

use super::{
    MemStore,
    state::{State, misuse},
};
use crate::Chaos;

#[async_trait]
impl Store for MemStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let call = self.chaos.before("begin").await?;
        let committed = Arc::clone(&self.state).lock_owned().await;
        let unit = MemUnit {
            draft: committed.clone(),
            committed,
            chaos: self.chaos.clone(),
            now: self.now(),
            locked_orders: BTreeSet::new(),
            locked_topups: BTreeSet::new(),
            broken: false,
        };
        self.chaos.after(call).await?;
        Ok(Box::new(unit))
    }
}

/// One open transaction. Each port is implemented in the file named after it.
pub(super) struct MemUnit {
    committed: OwnedMutexGuard<State>,
    pub(super) draft: State,
    chaos: Chaos,
    now: Timestamp,
    pub(super) locked_orders: BTreeSet<OrderId>,
    pub(super) locked_topups: BTreeSet<TopupId>,
    /// A step failed: nothing of this unit may become durable.
    broken: bool,
}

impl MemUnit {
    /// When the unit began.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// One call of a port; any error breaks the unit.
    pub(super) async fn step<T: Send, E: From<StoreError> + Send>(
        &mut self,
        method: &'static str,
        step: impl FnOnce(&mut Self) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        let answer = self.disturbed(method, step).await;
        self.broken |= answer.is_err();
        answer
    }

    async fn disturbed<T: Send, E: From<StoreError> + Send>(
        &mut self,
        method: &'static str,
        step: impl FnOnce(&mut Self) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        let call = self.chaos.before(method).await.map_err(StoreError::from)?;
        let answer = step(self)?;
        self.chaos.after(call).await.map_err(StoreError::from)?;
        Ok(answer)
    }
}

#[async_trait]
impl UnitOfWork for MemUnit {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        let chaos = self.chaos.clone();
        let call = chaos.before("commit").await?;
        if self.broken {
            return Err(misuse("a step of this unit was refused"));
        }
        self.draft.books.check_explained()?;
        std::mem::swap(&mut *self.committed, &mut self.draft);
        drop(self);
        chaos.after(call).await?;
        Ok(())
    }
}
