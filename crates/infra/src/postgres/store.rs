use async_trait::async_trait;
use domain::store::{Store, StoreError, UnitOfWork};
use sqlx::{PgConnection, Postgres as Driver, Transaction};

use super::{Postgres, error};

/// One open transaction. Each port is implemented in the file named after it.
pub(super) struct PgUnitOfWork {
    tx: Transaction<'static, Driver>,
    refused: bool,
}

impl PgUnitOfWork {
    /// The connection of this transaction.
    pub(super) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Passes a statement's outcome on and remembers a failure.
    pub(super) fn seen<T>(&mut self, outcome: sqlx::Result<T>) -> Result<T, StoreError> {
        self.watch(outcome).map_err(error::store)
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
        Ok(Box::new(PgUnitOfWork { tx, refused: false }))
    }
}

#[async_trait]
impl UnitOfWork for PgUnitOfWork {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if self.refused {
            // Postgres would answer COMMIT with a silent rollback.
            return Err(StoreError::Internal("a unit with a refused step cannot commit".into()));
        }
        self.tx.commit().await.map_err(error::store)
    }
}
