use std::time::Duration;

use async_trait::async_trait;
use domain::{
    gateways::{Payment, PaymentKind},
    ids::{PaymentEventId, TopupId, UserId},
    ledger::Gateway,
    money::Amount,
    store::StoreError,
    time::Timestamp,
    topups::{
        PaymentEventState, PaymentInbox, StoredPayment, Topup, TopupQueries, TopupRepo, TopupState,
    },
};
use uuid::Uuid;

use super::{Postgres, error, store::PgUnitOfWork};

/// A row of `topups`.
struct TopupRow {
    id: Uuid,
    user_id: i64,
    gateway: String,
    amount: i64,
    state: String,
    payment_id: Option<String>,
    checkout_url: Option<String>,
    created_at: Timestamp,
}

impl TryFrom<TopupRow> for Topup {
    type Error = StoreError;

    fn try_from(row: TopupRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("topups", row.id, what);
        Ok(Self {
            id: TopupId::new(row.id),
            user: UserId::new(row.user_id),
            gateway: Gateway::parse(&row.gateway).ok_or_else(|| bad("gateway"))?,
            amount: Amount::new(row.amount).ok_or_else(|| bad("amount"))?,
            state: TopupState::parse(&row.state).ok_or_else(|| bad("state"))?,
            payment_id: row.payment_id,
            checkout_url: row.checkout_url,
            created_at: row.created_at,
        })
    }
}

/// A row of `payment_inbox`.
struct PaymentRow {
    id: i64,
    gateway: String,
    event_id: String,
    payment_id: String,
    topup_id: Option<Uuid>,
    kind: String,
    amount: Option<i64>,
    attempts: i32,
}

impl TryFrom<PaymentRow> for StoredPayment {
    type Error = StoreError;

    fn try_from(row: PaymentRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("payment_inbox", row.id, what);
        Ok(Self {
            id: PaymentEventId::new(row.id),
            payment: Payment {
                gateway: Gateway::parse(&row.gateway).ok_or_else(|| bad("gateway"))?,
                kind: PaymentKind::parse(&row.kind).ok_or_else(|| bad("kind"))?,
                event_id: row.event_id,
                payment_id: row.payment_id,
                topup: row.topup_id.map(TopupId::new),
                amount: row.amount.and_then(Amount::new),
            },
            attempts: row.attempts,
        })
    }
}

#[async_trait]
impl TopupRepo for PgUnitOfWork {
    async fn insert_topup(&mut self, topup: &Topup) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO topups (id, user_id, gateway, amount, state, payment_id, checkout_url,
                                 created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
            topup.id.get(),
            topup.user.get(),
            topup.gateway.code(),
            topup.amount.get(),
            topup.state.as_str(),
            topup.payment_id,
            topup.checkout_url,
            topup.created_at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn lock_topup(&mut self, id: TopupId) -> Result<Option<Topup>, StoreError> {
        let found = sqlx::query_as!(
            TopupRow,
            "SELECT id, user_id, gateway, amount, state, payment_id, checkout_url, created_at
             FROM topups WHERE id = $1 FOR NO KEY UPDATE",
            id.get(),
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(found)?.map(Topup::try_from).transpose()
    }

    async fn update_topup(&mut self, topup: &Topup, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE topups SET state = $2, payment_id = $3, checkout_url = $4, changed_at = $5
             WHERE id = $1",
            topup.id.get(),
            topup.state.as_str(),
            topup.payment_id,
            topup.checkout_url,
            at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn lock_payment(
        &mut self,
        id: PaymentEventId,
    ) -> Result<Option<StoredPayment>, StoreError> {
        let found = sqlx::query_as!(
            PaymentRow,
            "SELECT id, gateway, event_id, payment_id, topup_id, kind, amount, attempts
             FROM payment_inbox WHERE id = $1 AND state = 'PENDING' FOR NO KEY UPDATE",
            id.get(),
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(found)?.map(StoredPayment::try_from).transpose()
    }

    async fn mark_payment(
        &mut self,
        id: PaymentEventId,
        state: PaymentEventState,
        note: &str,
    ) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE payment_inbox SET state = $2, note = $3 WHERE id = $1",
            id.get(),
            state.as_str(),
            note,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }
}

#[async_trait]
impl PaymentInbox for Postgres {
    async fn store(&self, payment: &Payment, raw: &[u8], at: Timestamp) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO payment_inbox (gateway, event_id, payment_id, topup_id, kind, amount,
                                        raw_body, next_attempt_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
             ON CONFLICT (gateway, event_id) DO NOTHING",
            payment.gateway.code(),
            payment.event_id,
            payment.payment_id,
            payment.topup.map(TopupId::get),
            payment.kind.as_str(),
            payment.amount.map(Amount::get),
            raw,
            at,
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(error::store)
    }

    async fn due(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<StoredPayment>, StoreError> {
        let rows = sqlx::query_as!(
            PaymentRow,
            "UPDATE payment_inbox SET next_attempt_at = $2 WHERE id IN (
                 SELECT id FROM payment_inbox WHERE state = 'PENDING' AND next_attempt_at <= $1
                 ORDER BY next_attempt_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
             RETURNING id, gateway, event_id, payment_id, topup_id, kind, amount, attempts",
            now,
            now + interval,
            i64::from(limit),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter().map(StoredPayment::try_from).collect()
    }

    async fn postpone(
        &self,
        id: PaymentEventId,
        next: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE payment_inbox SET attempts = attempts + 1,
                 next_attempt_at = coalesce($2, next_attempt_at),
                 state = CASE WHEN $2::timestamptz IS NULL THEN 'PARKED' ELSE state END
             WHERE id = $1 AND state = 'PENDING'",
            id.get(),
            next,
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(error::store)
    }

    async fn backlog(&self) -> Result<(i64, i64), StoreError> {
        let row = sqlx::query!(
            r#"SELECT
                   (SELECT count(*) FROM payment_inbox WHERE state = 'PENDING') AS "pending!",
                   (SELECT count(*) FROM payment_inbox
                    WHERE state IN ('REFUSED', 'PARKED')) AS "open!""#
        );
        let row = row.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok((row.pending, row.open))
    }
}

#[async_trait]
impl TopupQueries for Postgres {
    async fn find(&self, id: TopupId) -> Result<Option<Topup>, StoreError> {
        let found = sqlx::query_as!(
            TopupRow,
            "SELECT id, user_id, gateway, amount, state, payment_id, checkout_url, created_at
             FROM topups WHERE id = $1",
            id.get(),
        );
        let found = found.fetch_optional(&self.pool).await.map_err(error::store)?;
        found.map(Topup::try_from).transpose()
    }
}
