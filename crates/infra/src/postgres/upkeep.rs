//! What only the operator's tools and the task worker do.

use domain::store::StoreError;
use sqlx::AssertSqlSafe;

use super::{Postgres, error};

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
