use std::time::Duration;

use async_trait::async_trait;
use domain::{
    store::StoreError,
    tasks::{Slot, Term, Terms},
};
use sqlx::PgConnection;

use super::{Postgres, error, tasks::millis};

#[async_trait]
impl Terms for Postgres {
    async fn begin_term(
        &self,
        task: &'static str,
        interval: Duration,
        worker: &str,
    ) -> Result<Slot, StoreError> {
        let row = sqlx::query!(
            r#"SELECT term, slot AS "slot!", missed AS "missed!", next_ms AS "next_ms!"
               FROM periodic_begin($1, $2, $3)"#,
            task,
            millis(interval).max(1),
            worker,
        );
        let row = row.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(Slot {
            term: row.term.map(|number| Term { task, number, slot: row.slot }),
            missed: row.missed.unsigned_abs(),
            next_in: Duration::from_millis(row.next_ms.unsigned_abs()),
        })
    }

    async fn end_term(&self, term: &Term, succeeded: bool) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "UPDATE periodic_run r SET finished_at = now(), succeeded = $4
             WHERE task = $1 AND slot = $2 AND term = $3
               AND EXISTS (SELECT FROM periodic p WHERE p.task = r.task AND p.term = r.term)",
            term.task,
            term.slot,
            term.number,
            succeeded,
        );
        let done = done.execute(&self.pool).await.map_err(error::store)?;
        Ok(done.rows_affected() == 1)
    }

    async fn forget_runs(&self, age: Duration) -> Result<u64, StoreError> {
        let done = sqlx::query!(
            "DELETE FROM periodic_run
             WHERE started_at < now() - $1::bigint * interval '1 millisecond'",
            millis(age),
        );
        Ok(done.execute(&self.pool).await.map_err(error::store)?.rows_affected())
    }
}

/// Keeps a newer term from beginning until the transaction ends; false when one has begun.
pub(super) async fn hold(connection: &mut PgConnection, term: &Term) -> sqlx::Result<bool> {
    let held = sqlx::query!(
        "SELECT 1 AS one FROM periodic WHERE task = $1 AND term = $2 FOR SHARE",
        term.task,
        term.number,
    );
    Ok(held.fetch_optional(connection).await?.is_some())
}
