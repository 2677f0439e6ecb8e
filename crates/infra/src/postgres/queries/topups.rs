use async_trait::async_trait;
use domain::{
    ids::{TopupId, UserId},
    store::StoreError,
    time::Timestamp,
    topups::{Topup, TopupBacklog, TopupHistory, TopupQueries},
};

use crate::postgres::{
    Postgres, error,
    topup_row::{PaymentRow, RefundRow, ResolutionRow, ReversalRow, TopupRow, read_all},
};

#[async_trait]
impl TopupQueries for Postgres {
    async fn find(&self, id: TopupId) -> Result<Option<Topup>, StoreError> {
        let found = sqlx::query_as!(
            TopupRow,
            "SELECT id, user_id, gateway, amount, charge_currency, charge_amount, state, payment_id,
                    checkout_url, flag, resolved, poll_at, created_at
             FROM topups WHERE id = $1",
            id.get(),
        );
        let found = found.fetch_optional(&self.pool).await.map_err(error::store)?;
        found.map(Topup::try_from).transpose()
    }

    async fn list(
        &self,
        user: UserId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Topup>, StoreError> {
        let found = sqlx::query_as!(
            TopupRow,
            "SELECT id, user_id, gateway, amount, charge_currency, charge_amount, state, payment_id,
                    checkout_url, flag, resolved, poll_at, created_at
             FROM topups WHERE user_id = $1 AND created_at < coalesce($2, 'infinity'::timestamptz)
             ORDER BY created_at DESC, id DESC LIMIT $3",
            user.get(),
            before,
            i64::from(limit),
        );
        read_all(found.fetch_all(&self.pool).await.map_err(error::store)?)
    }

    async fn flagged(&self, limit: u32) -> Result<Vec<Topup>, StoreError> {
        let found = sqlx::query_as!(
            TopupRow,
            "SELECT id, user_id, gateway, amount, charge_currency, charge_amount, state, payment_id,
                    checkout_url, flag, resolved, poll_at, created_at
             FROM topups WHERE flag IS NOT NULL
             ORDER BY created_at DESC, id DESC LIMIT $1",
            i64::from(limit),
        );
        read_all(found.fetch_all(&self.pool).await.map_err(error::store)?)
    }

    async fn topup_history(&self, id: TopupId) -> Result<TopupHistory, StoreError> {
        let payments = sqlx::query_as!(
            PaymentRow,
            "SELECT gateway, payment_id, topup_id, received, credited, returned, reversed
             FROM payments WHERE topup_id = $1 ORDER BY number",
            id.get(),
        );
        let reversals = sqlx::query_as!(
            ReversalRow,
            "SELECT gateway, kind, id, topup_id, payment_id, currency, amount, taken, given, state
             FROM payment_reversals WHERE topup_id = $1 ORDER BY number",
            id.get(),
        );
        let refunds = sqlx::query_as!(
            RefundRow,
            "SELECT id, topup_id, payment_id, amount, given, value_currency, value_amount, operator,
                    approver, reason, state, gateway_refund_id, claim_url, created_at
             FROM topup_refunds WHERE topup_id = $1 ORDER BY number",
            id.get(),
        );
        let resolutions = sqlx::query_as!(
            ResolutionRow,
            "SELECT topup_id, flag, operator, note, at
             FROM topup_resolutions WHERE topup_id = $1 ORDER BY number",
            id.get(),
        );
        Ok(TopupHistory {
            payments: read_all(payments.fetch_all(&self.pool).await.map_err(error::store)?)?,
            reversals: read_all(reversals.fetch_all(&self.pool).await.map_err(error::store)?)?,
            refunds: read_all(refunds.fetch_all(&self.pool).await.map_err(error::store)?)?,
            resolutions: read_all(resolutions.fetch_all(&self.pool).await.map_err(error::store)?)?,
        })
    }

    async fn backlog(&self) -> Result<TopupBacklog, StoreError> {
        let row = sqlx::query!(
            r#"SELECT
                   (SELECT count(*) FROM topups
                    WHERE state IN ('CREATED', 'PENDING', 'UNDERPAID', 'PROCESSING')) AS "open!",
                   (SELECT count(*) FROM topups WHERE flag IS NOT NULL) AS "flagged!",
                   (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::bigint
                    FROM topups WHERE state = 'PROCESSING') AS "oldest!""#
        );
        let row = row.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(TopupBacklog {
            open: row.open,
            flagged: row.flagged,
            oldest_processing_seconds: row.oldest.max(0),
        })
    }
}
