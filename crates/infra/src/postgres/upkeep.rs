//! What only the operator's tools and the task worker do.

use async_trait::async_trait;
use domain::{orders::RequestKeys, store::StoreError, time::Timestamp};
use sqlx::AssertSqlSafe;

use super::{Postgres, error};

#[async_trait]
impl RequestKeys for Postgres {
    async fn forget(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let done = sqlx::query!(
            "DELETE FROM idempotency_keys WHERE (user_id, operation, key) IN (
                 SELECT user_id, operation, key FROM idempotency_keys WHERE created_at < $1
                 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
            before,
            i64::from(limit),
        );
        Ok(done.execute(&self.pool).await.map_err(error::store)?.rows_affected())
    }
}

impl Postgres {
    /// Lets a login of the database do what the servers do, and nothing else. False when there is
    /// no such login.
    pub async fn grant_to(&self, login: &str) -> Result<bool, StoreError> {
        let statement = sqlx::query_scalar!(
            "SELECT format('GRANT switchboard_app TO %I', rolname) FROM pg_roles
             WHERE rolname = $1",
            login,
        );
        let statement = statement.fetch_optional(&self.pool).await.map_err(error::store)?;
        let Some(statement) = statement.flatten() else { return Ok(false) };
        // Safe: the database quoted the only part that is not ours.
        sqlx::query(AssertSqlSafe(statement)).execute(&self.pool).await.map_err(error::store)?;
        Ok(true)
    }
}
