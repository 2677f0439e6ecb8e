use std::time::Duration;

use async_trait::async_trait;
use domain::{
    ids::TaskId,
    store::StoreError,
    tasks::{
        Buried, Claim, Claimed, KindStats, NewTask, Subject, TaskKind, TaskQueue, TaskRepo, Term,
        Verdict, Wanted,
    },
    time::Timestamp,
};
use sqlx::PgConnection;

use super::{Postgres, error, periodic, store::PgUnitOfWork};
use crate::trace;

/// Lets a worker that lost its claim finish the task all the same: what would happen without the
/// token. For fault tests that must be able to fail.
const UNFENCED: bool = cfg!(feature = "unfenced");

/// Longest text of a failure that is kept.
const MAX_ERROR: usize = 500;

/// A row of `tasks` that was claimed, or buried instead.
struct ClaimRow {
    id: i64,
    token: i64,
    kind: String,
    subject: String,
    attempt: i32,
    lease_ms: i64,
    waited_us: i64,
    rescued: bool,
    dead: bool,
    trace: Option<String>,
}

impl TryFrom<ClaimRow> for Claim {
    type Error = StoreError;

    fn try_from(row: ClaimRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("tasks", row.id, what);
        Ok(Self {
            id: TaskId::new(row.id),
            token: row.token,
            kind: TaskKind::parse(&row.kind).ok_or_else(|| bad("kind"))?,
            subject: Subject::parse(&row.subject).ok_or_else(|| bad("subject"))?,
            attempt: u32::try_from(row.attempt).map_err(|_| bad("attempt"))?,
            lease: Duration::from_millis(row.lease_ms.unsigned_abs()),
            waited: Duration::from_micros(row.waited_us.unsigned_abs()),
            rescued: row.rescued,
            trace: row.trace,
        })
    }
}

#[async_trait]
impl TaskRepo for PgUnitOfWork {
    async fn enqueue(&mut self, task: &NewTask) -> Result<(), StoreError> {
        let stored = enqueue(self.conn(), task).await;
        self.seen(stored)
    }

    async fn withdraw(&mut self, kind: TaskKind, subject: &Subject) -> Result<(), StoreError> {
        let done = sqlx::query!("SELECT task_withdraw($1, $2)", kind.as_str(), subject.as_str())
            .fetch_one(self.conn())
            .await;
        self.seen(done).map(drop)
    }

    async fn finish_task(&mut self, claim: &Claim) -> Result<bool, StoreError> {
        let finished = finish(self.conn(), claim).await;
        self.seen(finished)
    }

    async fn put_off(&mut self, claim: &Claim, pause: Duration) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "UPDATE tasks SET
                 run_at = least(now() + $3::bigint * interval '1 millisecond', again_at),
                 again_at = NULL, worker = NULL, attempt = 0
             WHERE id = $1 AND (token = $2 OR $4) AND worker IS NOT NULL",
            claim.id.get(),
            claim.token,
            millis(pause),
            UNFENCED,
        )
        .execute(self.conn())
        .await;
        Ok(self.seen(done)?.rows_affected() == 1)
    }

    async fn hold_term(&mut self, term: &Term) -> Result<bool, StoreError> {
        let held = periodic::hold(self.conn(), term).await;
        self.seen(held)
    }

    async fn sing(&mut self, claim: &Claim) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO task_canary (task_id, token, subject) VALUES ($1, $2, $3)",
            claim.id.get(),
            claim.token,
            claim.subject.as_str(),
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }
}

#[async_trait]
impl TaskQueue for Postgres {
    async fn claim(&self, wanted: &[Wanted], worker: &str) -> Result<Claimed, StoreError> {
        let kinds: Vec<_> = wanted.iter().map(|w| w.kind.as_str().to_owned()).collect();
        let rooms: Vec<_> = wanted.iter().map(|w| i64::from(w.room)).collect();
        let attempts: Vec<_> = wanted.iter().map(|w| capped(w.max_attempts)).collect();
        let leases: Vec<_> = wanted.iter().map(|w| millis(w.lease)).collect();
        let rows = sqlx::query_as!(
            ClaimRow,
            r#"WITH due AS MATERIALIZED (
                   SELECT t.id, t.run_at, t.worker IS NOT NULL AS rescued, w.lease_ms,
                          t.attempt >= w.max_attempts AS spent,
                          t.attempt >= w.max_attempts AND t.again_at IS NULL AS dead
                   FROM unnest($1::text[], $2::bigint[], $3::int[], $4::bigint[])
                            AS w (kind, room, max_attempts, lease_ms)
                   CROSS JOIN LATERAL (
                       SELECT id, run_at, worker, attempt, again_at FROM tasks
                       WHERE kind = w.kind AND dead_at IS NULL AND run_at <= now()
                       ORDER BY run_at LIMIT w.room FOR UPDATE SKIP LOCKED) t
               )
               UPDATE tasks t SET
                   token = t.token + 1,
                   attempt = CASE WHEN d.dead THEN t.attempt
                                  WHEN d.spent THEN 1 ELSE t.attempt + 1 END,
                   worker = CASE WHEN NOT d.dead THEN $5 END,
                   run_at = now() + d.lease_ms * interval '1 millisecond',
                   again_at = NULL,
                   dead_at = CASE WHEN d.dead THEN now() END,
                   dead_reason = CASE WHEN d.dead THEN 'crashed' END
               FROM due d WHERE t.id = d.id
               RETURNING t.id, t.token, t.kind, t.subject, t.attempt, d.lease_ms AS "lease_ms!",
                   (extract(epoch FROM now() - d.run_at) * 1000000)::bigint AS "waited_us!",
                   d.rescued AS "rescued!", d.dead AS "dead!", t.trace"#,
            &kinds,
            &rooms,
            &attempts,
            &leases,
            worker,
        );
        claimed(rows.fetch_all(&self.pool).await.map_err(error::store)?)
    }

    async fn extend(&self, claim: &Claim) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "UPDATE tasks SET run_at = now() + $3::bigint * interval '1 millisecond'
             WHERE id = $1 AND token = $2 AND worker IS NOT NULL",
            claim.id.get(),
            claim.token,
            millis(claim.lease),
        );
        let done = done.execute(&self.pool).await.map_err(error::store)?;
        Ok(done.rows_affected() == 1)
    }

    async fn finish(&self, claim: &Claim) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(error::store)?;
        finish(&mut connection, claim).await.map_err(error::store)
    }

    async fn fail(
        &self,
        claim: &Claim,
        verdict: Verdict,
        failure: &str,
    ) -> Result<bool, StoreError> {
        let (delay, burial) = match verdict {
            Verdict::Retry(delay) | Verdict::Snooze(delay) => (Some(millis(delay)), None),
            Verdict::Bury(burial) => (None, Some(burial.as_str())),
        };
        let done = sqlx::query!(
            "UPDATE tasks SET
                 attempt = CASE WHEN again_at IS NOT NULL THEN 0
                                WHEN $5 THEN greatest(attempt - 1, 0) ELSE attempt END,
                 run_at = coalesce(
                     least(now() + $3::bigint * interval '1 millisecond', again_at), now()),
                 worker = NULL,
                 again_at = NULL,
                 last_error = $6,
                 dead_at = CASE WHEN again_at IS NULL AND $4::text IS NOT NULL THEN now() END,
                 dead_reason = CASE WHEN again_at IS NULL THEN $4 END
             WHERE id = $1 AND token = $2 AND worker IS NOT NULL",
            claim.id.get(),
            claim.token,
            delay,
            burial,
            matches!(verdict, Verdict::Snooze(_)),
            shortened(failure),
        );
        let done = done.execute(&self.pool).await.map_err(error::store)?;
        Ok(done.rows_affected() == 1)
    }

    async fn release(&self, claims: &[Claim]) -> Result<(), StoreError> {
        let ids: Vec<_> = claims.iter().map(|claim| claim.id.get()).collect();
        let tokens: Vec<_> = claims.iter().map(|claim| claim.token).collect();
        sqlx::query!(
            "UPDATE tasks t SET run_at = now(), worker = NULL, again_at = NULL,
                 attempt = greatest(t.attempt - 1, 0)
             FROM unnest($1::bigint[], $2::bigint[]) AS c (id, token)
             WHERE t.id = c.id AND t.token = c.token AND t.worker IS NOT NULL",
            &ids,
            &tokens,
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(error::store)
    }

    async fn kinds(&self) -> Result<Vec<String>, StoreError> {
        let kinds = sqlx::query_scalar!("SELECT DISTINCT kind FROM tasks WHERE dead_at IS NULL");
        kinds.fetch_all(&self.pool).await.map_err(error::store)
    }

    async fn stats(&self) -> Result<Vec<KindStats>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT kind,
                   count(*) FILTER (WHERE dead_at IS NULL AND worker IS NULL) AS "waiting!",
                   count(*) FILTER (WHERE worker IS NOT NULL) AS "running!",
                   count(*) FILTER (WHERE dead_at IS NOT NULL) AS "dead!",
                   (extract(epoch FROM now() - coalesce(min(run_at) FILTER (
                       WHERE dead_at IS NULL AND run_at <= now()), now())) * 1000)::bigint
                       AS "ready_ms!"
               FROM tasks GROUP BY kind ORDER BY kind"#
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        let stats = rows.into_iter().map(|row| KindStats {
            kind: row.kind,
            waiting: row.waiting,
            running: row.running,
            oldest_ready: Duration::from_millis(row.ready_ms.unsigned_abs()),
            dead: row.dead,
        });
        Ok(stats.collect())
    }

    async fn adopt(&self, until: Timestamp) -> Result<u64, StoreError> {
        let adopted = sqlx::query_scalar!(r#"SELECT task_adopt($1) AS "count!""#, until);
        let adopted = adopted.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(adopted.unsigned_abs())
    }

    async fn forget_songs(&self, age: Duration) -> Result<u64, StoreError> {
        let done = sqlx::query!(
            "DELETE FROM task_canary WHERE at < now() - $1::bigint * interval '1 millisecond'",
            millis(age),
        );
        Ok(done.execute(&self.pool).await.map_err(error::store)?.rows_affected())
    }

    async fn enqueue_now(&self, task: &NewTask) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await.map_err(error::store)?;
        enqueue(&mut connection, task).await.map_err(error::store)
    }
}

async fn enqueue(connection: &mut PgConnection, task: &NewTask) -> sqlx::Result<()> {
    sqlx::query!(
        "SELECT task_enqueue($1, $2, $3, $4)",
        task.kind.as_str(),
        task.subject.as_str(),
        millis(task.delay),
        trace::parent(),
    )
    .fetch_one(connection)
    .await
    .map(drop)
}

async fn finish(connection: &mut PgConnection, claim: &Claim) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM tasks
         WHERE id = $1 AND (token = $2 OR $3) AND worker IS NOT NULL AND again_at IS NULL",
        claim.id.get(),
        claim.token,
        UNFENCED,
    )
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(true);
    }
    // Something new was heard of meanwhile, or the claim is lost.
    let done = sqlx::query!(
        "UPDATE tasks SET run_at = again_at, again_at = NULL, worker = NULL, attempt = 0
         WHERE id = $1 AND (token = $2 OR $3) AND worker IS NOT NULL AND again_at IS NOT NULL",
        claim.id.get(),
        claim.token,
        UNFENCED,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1 || UNFENCED)
}

fn claimed(rows: Vec<ClaimRow>) -> Result<Claimed, StoreError> {
    let mut claimed = Claimed::default();
    for row in rows {
        let dead = row.dead;
        let claim = Claim::try_from(row)?;
        if dead {
            claimed.buried.push(Buried { id: claim.id, kind: claim.kind });
        } else {
            claimed.claims.push(claim);
        }
    }
    claimed.claims.sort_by(|a, b| b.waited.cmp(&a.waited).then(a.id.cmp(&b.id)));
    Ok(claimed)
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn capped(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// As much of a text as is kept, without splitting a character.
fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_ERROR)).unwrap_or(text)
}
