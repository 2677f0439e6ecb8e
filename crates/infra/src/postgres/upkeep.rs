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

/// What a login of the database is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// All servers.
    Servers,
    /// api-server.
    Api,
    /// webhook-ingest.
    Webhook,
    /// task-worker.
    Worker,
    /// The operator's tools.
    Operator,
}

impl Role {
    const ALL: [(&'static str, &'static str, Self); 5] = [
        ("servers", "switchboard_app", Self::Servers),
        ("api", "switchboard_api", Self::Api),
        ("webhook", "switchboard_webhook", Self::Webhook),
        ("worker", "switchboard_worker", Self::Worker),
        ("operator", "switchboard_operator", Self::Operator),
    ];

    /// Reads `servers`, `api`, `webhook`, `worker` or `operator`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, ..)| *name == text).map(|(.., role)| role)
    }

    /// The role of the database that stands for it.
    fn group(self) -> &'static str {
        Self::ALL.into_iter().find(|(.., role)| *role == self).map_or("", |(_, group, _)| group)
    }
}

impl Postgres {
    /// Lets a login of the database do what `role` does, and nothing else. False when there is no
    /// such login.
    pub async fn grant_to(&self, login: &str, role: Role) -> Result<bool, StoreError> {
        let statement = sqlx::query_scalar!(
            "SELECT format('GRANT %I TO %I', $2::text, rolname) FROM pg_roles
             WHERE rolname = $1",
            login,
            role.group(),
        );
        let statement = statement.fetch_optional(&self.pool).await.map_err(error::store)?;
        let Some(statement) = statement.flatten() else { return Ok(false) };
        // Safe: the database quoted the only part that is not ours.
        sqlx::query(AssertSqlSafe(statement)).execute(&self.pool).await.map_err(error::store)?;
        Ok(true)
    }
}
