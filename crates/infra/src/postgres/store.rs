use async_trait::async_trait;
use domain::{
    store::{Store, StoreError, UnitOfWork},
    time::Day,
};
use sqlx::{PgConnection, Postgres as Driver, Transaction};

use super::{
    Postgres, error,
    vault::{DayKeys, Vault},
};
use crate::crypto::Sealer;

/// One open transaction. Each port is implemented in the file named after it.
pub(super) struct PgUnitOfWork {
    tx: Transaction<'static, Driver>,
    refused: bool,
    vault: Vault,
    /// Keys that this unit made: nobody else's before it is committed.
    made: DayKeys,
    sealer: Sealer,
}

impl PgUnitOfWork {
    /// The connection of this transaction.
    pub(super) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Encrypts what must not be readable in a copy of the database.
    pub(super) const fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Passes a statement's outcome on and remembers a failure.
    pub(super) fn seen<T>(&mut self, outcome: sqlx::Result<T>) -> Result<T, StoreError> {
        self.watch(outcome).map_err(error::store)
    }

    /// The keys of `days`, as far as they exist.
    pub(super) async fn keys(
        &mut self,
        days: impl IntoIterator<Item = Day> + Send,
    ) -> Result<DayKeys, StoreError> {
        let days: Vec<Day> = days.into_iter().filter(|day| self.made.of(*day).is_none()).collect();
        if days.is_empty() {
            return Ok(self.made.clone());
        }
        let read = self.vault.keys(&mut *self.tx, days).await;
        self.refused |= read.is_err();
        Ok(read?.and(&self.made))
    }

    /// A key to seal with: that of the first of `days` whose key was not dropped.
    pub(super) async fn writable(&mut self, days: &[Day]) -> Result<(Day, Sealer), StoreError> {
        for day in days {
            if let Some(key) = self.made.of(*day) {
                return Ok((*day, key.clone()));
            }
            let found = self.vault.writable(&mut self.tx, *day).await;
            self.refused |= found.is_err();
            let Some(found) = found? else { continue };
            if found.is_new {
                self.made.add(*day, found.key.clone());
            }
            return Ok((*day, found.key));
        }
        self.refused = true;
        Err(StoreError::Internal("the key of the day was dropped".into()))
    }

    /// Lets nothing of this unit become durable.
    pub(super) const fn refuse(&mut self) {
        self.refused = true;
    }

    /// The same, for errors that mean more than storage.
    pub(super) fn watch<T>(&mut self, outcome: sqlx::Result<T>) -> sqlx::Result<T> {
        self.refused |= outcome.is_err();
        outcome
    }
}

#[async_trait]
impl Store for Postgres {
    #[expect(clippy::disallowed_methods, reason = "this is where transactions are opened")]
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let tx = self.pool.begin().await.map_err(error::store)?;
        let (vault, sealer) = (self.vault.clone(), self.sealer.clone());
        Ok(Box::new(PgUnitOfWork { tx, refused: false, vault, made: DayKeys::default(), sealer }))
    }
}

#[async_trait]
impl UnitOfWork for PgUnitOfWork {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if self.refused {
            // Postgres would answer COMMIT with a silent rollback.
            return Err(StoreError::Internal("a unit with a refused step cannot commit".into()));
        }
        self.tx.commit().await.map_err(error::store)?;
        self.vault.remember_all(self.made);
        Ok(())
    }
}
