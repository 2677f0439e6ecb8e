//! Storage in Postgres. One struct implements every storage port; each port in the file named
//! after it.

mod books;
mod catalog;
mod conduct;
mod error;
mod events;
mod hooks;
mod identity;
mod inbox;
mod ledger;
mod order_row;
mod orders;
mod periodic;
mod providers;
mod purchases;
mod queries;
mod rates;
mod retention;
mod store;
mod task_letters;
mod tasks;
mod tokens;
mod topup_row;
mod topups;
mod upkeep;
mod vault;
mod work;

use std::{str::FromStr, time::Duration};

use domain::store::StoreError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use self::vault::Vault;

pub use self::upkeep::Role;
use crate::crypto::Sealer;

/// The migrations this build knows.
pub static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// What a pool of connections may do.
#[derive(Debug, Clone, Copy)]
pub struct PoolTerms {
    /// Most connections it holds open.
    pub max_connections: u32,
    /// How long somebody waits for one before they are told to come back.
    pub acquire_timeout: Duration,
}

/// All storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Postgres {
    pool: PgPool,
    sealer: Sealer,
    vault: Vault,
}

impl Postgres {
    /// Prepares a pool without connecting, so that a binary starts before its database does.
    ///
    /// # Errors
    /// When `url` is not a Postgres URL.
    pub fn connect_lazy(
        url: &SecretString,
        PoolTerms { max_connections, acquire_timeout }: PoolTerms,
        sealer: Sealer,
    ) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url.expose_secret())
            .map_err(|error| StoreError::Internal(error.into()))?
            .application_name("switchboard")
            // A stuck lock or a forgotten transaction must not stop the shop.
            .options([
                ("lock_timeout", "2s"),
                ("statement_timeout", "30s"),
                ("idle_in_transaction_session_timeout", "10s"),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(acquire_timeout)
            // The ping before each use costs a round trip; a broken connection shows itself in
            // the first statement and the unit is run again.
            .test_before_acquire(false)
            .idle_timeout(Duration::from_mins(5))
            .max_lifetime(Duration::from_mins(30))
            .connect_lazy_with(options);
        Ok(Self::with_pool(pool, sealer))
    }

    /// Uses a pool that is open already.
    pub fn with_pool(pool: PgPool, sealer: Sealer) -> Self {
        let vault = Vault::new(sealer.clone());
        Self { pool, sealer, vault }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query!("SELECT 1 AS one").fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(())
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// When a migration fails, or one that was applied has changed since.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        MIGRATOR.run(&self.pool).await.map_err(|error| StoreError::Internal(error.into()))
    }

    /// Descriptions of migrations that this build knows and the database has not seen.
    pub async fn migrations_pending(&self) -> Result<Vec<String>, StoreError> {
        let table = sqlx::query_scalar!(
            r#"SELECT to_regclass('public._sqlx_migrations') IS NOT NULL AS "exists!""#
        );
        let mut applied = Vec::new();
        if table.fetch_one(&self.pool).await.map_err(error::store)? {
            // Not a checked query: the table belongs to the migrator, not to a migration.
            applied = sqlx::query_scalar::<_, i64>("SELECT version FROM _sqlx_migrations")
                .fetch_all(&self.pool)
                .await
                .map_err(error::store)?;
        }
        let pending = MIGRATOR.iter().filter(|m| !applied.contains(&m.version));
        Ok(pending.map(|m| m.description.to_string()).collect())
    }

    /// Connections open and idle, for metrics.
    pub fn pool_status(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
