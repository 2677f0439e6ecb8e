//! What operators see of tasks, and do to dead ones.

use async_trait::async_trait;
use domain::{
    ids::TaskId,
    store::StoreError,
    tasks::{Answerable, Burial, DeadLetters, StoredTask, TaskState},
    time::Timestamp,
};

use super::{Postgres, error};

/// A row of `tasks`.
struct TaskRow {
    id: i64,
    kind: String,
    subject: String,
    run_at: Timestamp,
    attempt: i32,
    worker: Option<String>,
    last_error: Option<String>,
    created_at: Timestamp,
    dead_at: Option<Timestamp>,
    dead_reason: Option<String>,
}

impl TryFrom<TaskRow> for StoredTask {
    type Error = StoreError;

    fn try_from(row: TaskRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("tasks", row.id, what);
        let state = match (row.dead_at, row.worker) {
            (Some(at), _) => {
                let burial = row.dead_reason.as_deref().and_then(Burial::parse);
                TaskState::Dead { at, burial: burial.ok_or_else(|| bad("reason"))? }
            }
            (None, Some(worker)) => TaskState::Running { worker, until: row.run_at },
            (None, None) => TaskState::Waiting { run_at: row.run_at },
        };
        Ok(Self {
            id: TaskId::new(row.id),
            state,
            attempt: u32::try_from(row.attempt).map_err(|_| bad("attempt"))?,
            kind: row.kind,
            subject: row.subject,
            last_error: row.last_error,
            created_at: row.created_at,
        })
    }
}

#[async_trait]
impl DeadLetters for Postgres {
    async fn dead(&self, limit: u32) -> Result<Vec<StoredTask>, StoreError> {
        let rows = sqlx::query_as!(
            TaskRow,
            "SELECT id, kind, subject, run_at, attempt, worker, last_error, created_at, dead_at,
                    dead_reason
             FROM tasks WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT $1",
            i64::from(limit),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter().map(StoredTask::try_from).collect()
    }

    async fn task(&self, id: TaskId) -> Result<Option<StoredTask>, StoreError> {
        let row = sqlx::query_as!(
            TaskRow,
            "SELECT id, kind, subject, run_at, attempt, worker, last_error, created_at, dead_at,
                    dead_reason
             FROM tasks WHERE id = $1",
            id.get(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        row.map(StoredTask::try_from).transpose()
    }

    async fn retry(&self, id: TaskId, by: &Answerable) -> Result<bool, StoreError> {
        intervene(self, id, "retry", by).await
    }

    async fn discard(&self, id: TaskId, by: &Answerable) -> Result<bool, StoreError> {
        intervene(self, id, "discard", by).await
    }
}

async fn intervene(
    postgres: &Postgres,
    id: TaskId,
    action: &str,
    by: &Answerable,
) -> Result<bool, StoreError> {
    sqlx::query_scalar!(
        r#"SELECT task_intervene($1, $2, $3, $4) AS "done!""#,
        id.get(),
        action,
        by.operator,
        by.reason,
    )
    .fetch_one(&postgres.pool)
    .await
    .map_err(error::store)
}
