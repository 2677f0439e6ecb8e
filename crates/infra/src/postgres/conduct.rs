use async_trait::async_trait;
use domain::{
    abuse::{
        Ban, CancelRequests, Conduct, ConductQueries, ConductRepo, Decided, Decision, Measure,
        Standing, Tier, Trip,
    },
    ids::UserId,
    orders::Order,
    store::StoreError,
    time::Timestamp,
};
use metrics::counter;

use super::{Postgres, error, store::PgUnitOfWork};

/// Outcomes are counted up to here: far above every tripwire, and soon counted.
const MOST_COUNTED: i64 = 1_000;

#[async_trait]
impl ConductRepo for PgUnitOfWork {
    async fn give_up(&mut self, order: &Order, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE orders SET given_up_at = coalesce(given_up_at, $3)
             WHERE user_id = $1 AND id = $2",
            order.user.get(),
            order.id.get(),
            at,
        );
        let done = done.execute(self.conn()).await;
        self.seen(done).map(drop)
    }

    async fn outcomes(&mut self, user: UserId, since: Timestamp) -> Result<Conduct, StoreError> {
        let row = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM (
                          SELECT FROM orders o
                          WHERE o.user_id = $1 AND o.given_up_at > w.since
                            AND o.state IN ('CANCELED', 'EXPIRED') LIMIT $3
                      ) AS g) AS "given_up!",
                      (SELECT count(*) FROM (
                          SELECT FROM orders o
                          WHERE o.user_id = $1 AND o.otp_received_at > w.since LIMIT $3
                      ) AS d) AS "delivered!"
               FROM (SELECT greatest($2, (SELECT b.judged_from FROM customer_bans b
                                          WHERE b.user_id = $1)) AS since) AS w"#,
            user.get(),
            since,
            MOST_COUNTED,
        );
        let row = row.fetch_one(self.conn()).await;
        let row = self.seen(row)?;
        let count = |rows: i64| u32::try_from(rows).unwrap_or(u32::MAX);
        Ok(Conduct { given_up: count(row.given_up), delivered: count(row.delivered) })
    }

    async fn trip(&mut self, trip: &Trip) -> Result<bool, StoreError> {
        let banned = sqlx::query_scalar!(
            r#"SELECT guard_ban($1, $2, $3, $4, $5) AS "banned!""#,
            trip.user.get(),
            trip.tier.as_str(),
            trip.since,
            trip.until,
            trip.reason,
        );
        let banned = banned.fetch_one(self.conn()).await;
        let banned = self.seen(banned)?;
        if banned {
            counter!("customer_bans_total", "tier" => trip.tier.as_str()).increment(1);
        }
        Ok(banned)
    }

    async fn decide(&mut self, decision: &Decision) -> Result<Decided, StoreError> {
        let known = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM users WHERE id = $1) AS "known!""#,
            decision.user.get(),
        );
        let known = known.fetch_one(self.conn()).await;
        if !self.seen(known)? {
            return Ok(Decided::Unknown);
        }
        let changed = self.apply(decision).await;
        if self.seen(changed)? == 0 {
            return Ok(Decided::Already);
        }
        let noted = self.note(decision).await;
        self.seen(noted)?;
        Ok(Decided::Done)
    }
}

impl PgUnitOfWork {
    /// How many rows the measure changed.
    async fn apply(&mut self, decision: &Decision) -> sqlx::Result<u64> {
        let (user, at) = (decision.user.get(), decision.at);
        let done = match decision.measure {
            Measure::Ban { until } => {
                sqlx::query!(
                    "INSERT INTO customer_bans AS b (user_id, tier, since, until)
                     VALUES ($1, 'HARD', $2, $3)
                     ON CONFLICT (user_id) DO UPDATE
                         SET tier = 'HARD', since = excluded.since, until = excluded.until
                         WHERE (b.tier, b.until) <> ('HARD', excluded.until)",
                    user,
                    at,
                    until,
                )
                .execute(self.conn())
                .await
            }
            Measure::Unban => {
                sqlx::query!(
                    "UPDATE customer_bans SET until = greatest(since, $2), judged_from = $2
                     WHERE user_id = $1 AND until > $2",
                    user,
                    at,
                )
                .execute(self.conn())
                .await
            }
            Measure::Suspend => {
                sqlx::query!(
                    "UPDATE users SET suspended_at = $2
                     WHERE (id = $1 OR test_of = $1) AND suspended_at IS NULL",
                    user,
                    at,
                )
                .execute(self.conn())
                .await
            }
            Measure::Resume => {
                sqlx::query!(
                    "UPDATE users SET suspended_at = NULL
                     WHERE (id = $1 OR test_of = $1) AND suspended_at IS NOT NULL",
                    user,
                )
                .execute(self.conn())
                .await
            }
        };
        Ok(done?.rows_affected())
    }

    async fn note(&mut self, decision: &Decision) -> sqlx::Result<()> {
        let (action, tier, until) = match decision.measure {
            Measure::Ban { until } => ("ban", Some(Tier::Hard.as_str()), Some(until)),
            Measure::Unban => ("unban", None, None),
            Measure::Suspend => ("suspend", None, None),
            Measure::Resume => ("resume", None, None),
        };
        sqlx::query!(
            "INSERT INTO customer_audit (user_id, action, tier, until, operator, reason, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            decision.user.get(),
            action,
            tier,
            until,
            decision.operator,
            decision.reason,
            decision.at,
        )
        .execute(self.conn())
        .await
        .map(drop)
    }
}

#[async_trait]
impl CancelRequests for Postgres {
    async fn ask(
        &self,
        order: &Order,
        (at, since): (Timestamp, Timestamp),
        most: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        let blocked = sqlx::query_scalar!(
            "SELECT orders_ask_to_cancel($1, $2, $3, $4, $5)",
            order.user.get(),
            order.id.get(),
            at,
            since,
            i32::try_from(most).unwrap_or(i32::MAX),
        );
        let blocked = blocked.fetch_one(&self.pool).await.map_err(error::store)?;
        if blocked.is_some() {
            counter!("cancels_refused_total").increment(1);
        }
        Ok(blocked)
    }
}

#[async_trait]
impl ConductQueries for Postgres {
    async fn standing(&self, user: UserId, now: Timestamp) -> Result<Standing, StoreError> {
        let row = sqlx::query!(
            r#"SELECT u.suspended_at, b.tier AS "tier?", b.until AS "until?"
               FROM users u LEFT JOIN customer_bans b ON b.user_id = u.id AND b.until > $2
               WHERE u.id = $1"#,
            user.get(),
            now,
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        let Some(row) = row else { return Ok(Standing::default()) };
        let ban = match (row.tier, row.until) {
            (Some(tier), Some(until)) => {
                let tier = Tier::parse(&tier);
                let tier = tier.ok_or_else(|| error::corrupt("customer_bans", user, "tier"))?;
                Ban::at(tier, until, now)
            }
            _ => None,
        };
        Ok(Standing { suspended_at: row.suspended_at, ban })
    }
}
