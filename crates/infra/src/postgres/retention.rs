use std::time::Duration;

use async_trait::async_trait;
use domain::{
    retention::{Purged, Record, Retention},
    store::StoreError,
};

use super::{Postgres, error, tasks::millis};

#[async_trait]
impl Retention for Postgres {
    async fn purge(
        &self,
        record: Record,
        keep: Duration,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        let row = sqlx::query!(
            r#"SELECT removed AS "removed!",
                   (extract(epoch FROM now() - oldest) * 1000)::bigint AS oldest_ms
               FROM retention_purge($1, $2::bigint * interval '1 millisecond', $3)"#,
            record.table(),
            millis(keep),
            i32::try_from(limit).unwrap_or(i32::MAX),
        );
        let row = row.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(Purged {
            removed: row.removed.unsigned_abs(),
            oldest: row.oldest_ms.map(|age| Duration::from_millis(u64::try_from(age).unwrap_or(0))),
        })
    }
}
