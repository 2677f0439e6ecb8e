use std::time::Duration;

use async_trait::async_trait;
use domain::{
    ledger::{
        LedgerUpkeep,
        audit::{AuditReport, Horizon},
        vitals::Vitals,
    },
    store::StoreError,
    time::Timestamp,
};

use super::{
    Postgres, error,
    queries::{recent, vitals},
};

#[async_trait]
impl LedgerUpkeep for Postgres {
    async fn roll_up(&self) -> Result<u64, StoreError> {
        let rows = sqlx::query_scalar!(r#"SELECT ledger.roll_up() AS "rows!""#);
        let rows = rows.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(u64::try_from(rows).unwrap_or_default())
    }

    async fn audit_recent(&self) -> Result<(AuditReport, Horizon), StoreError> {
        recent::recent(self).await
    }

    async fn mark_audited(&self, horizon: Horizon) -> Result<(), StoreError> {
        let done = sqlx::query!("SELECT ledger.mark_audited($1)", horizon.0);
        done.execute(&self.pool).await.map(drop).map_err(error::store)
    }

    async fn vitals(&self, now: Timestamp, patience: Duration) -> Result<Vitals, StoreError> {
        vitals::vitals(self, now, patience).await
    }
}
