use async_trait::async_trait;
use domain::{
    gateways::Notice,
    ids::{RefundId, TopupId},
    ledger::Gateway,
    store::StoreError,
    time::Timestamp,
    topups::{PaymentRecord, Refund, Resolution, Reversal, Topup, TopupFlag, TopupRepo},
};

use super::{
    store::PgUnitOfWork,
    topup_row::{PaymentRow, RefundRow, ReversalRow, TopupRow, read_all},
};

#[async_trait]
impl TopupRepo for PgUnitOfWork {
    async fn insert_topup(&mut self, topup: &Topup) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO topups (id, user_id, gateway, amount, charge_currency, charge_amount,
                                 state, payment_id, checkout_url, flag, resolved, poll_at,
                                 created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
            topup.id.get(),
            topup.user.get(),
            topup.gateway.code(),
            topup.amount.get(),
            topup.charge.currency.code(),
            topup.charge.amount.get(),
            topup.state.as_str(),
            topup.payment_id,
            topup.checkout_url,
            topup.flag.map(TopupFlag::as_str),
            &resolved(topup),
            topup.poll_at,
            topup.created_at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn lock_topup(&mut self, id: TopupId) -> Result<Option<Topup>, StoreError> {
        let found = sqlx::query_as!(
            TopupRow,
            "SELECT id, user_id, gateway, amount, charge_currency, charge_amount, state, payment_id,
                    checkout_url, flag, resolved, poll_at, created_at
             FROM topups WHERE id = $1 FOR NO KEY UPDATE",
            id.get(),
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(found)?.map(Topup::try_from).transpose()
    }

    async fn lock_due_topups(
        &mut self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Topup>, StoreError> {
        let found = sqlx::query_as!(
            TopupRow,
            "SELECT id, user_id, gateway, amount, charge_currency, charge_amount, state, payment_id,
                    checkout_url, flag, resolved, poll_at, created_at
             FROM topups WHERE poll_at <= $1
             ORDER BY poll_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
            now,
            i64::from(limit),
        )
        .fetch_all(self.conn())
        .await;
        read_all(self.seen(found)?)
    }

    async fn update_topup(&mut self, topup: &Topup, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE topups SET state = $2, payment_id = $3, checkout_url = $4, flag = $5,
                 resolved = $6, poll_at = $7, changed_at = $8
             WHERE id = $1",
            topup.id.get(),
            topup.state.as_str(),
            topup.payment_id,
            topup.checkout_url,
            topup.flag.map(TopupFlag::as_str),
            &resolved(topup),
            topup.poll_at,
            at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn payment(
        &mut self,
        gateway: Gateway,
        payment_id: &str,
    ) -> Result<Option<PaymentRecord>, StoreError> {
        let found = sqlx::query_as!(
            PaymentRow,
            "SELECT gateway, payment_id, topup_id, received, credited, returned, reversed
             FROM payments WHERE gateway = $1 AND payment_id = $2",
            gateway.code(),
            payment_id,
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(found)?.map(PaymentRecord::try_from).transpose()
    }

    async fn payments_of(&mut self, topup: TopupId) -> Result<Vec<PaymentRecord>, StoreError> {
        let found = sqlx::query_as!(
            PaymentRow,
            "SELECT gateway, payment_id, topup_id, received, credited, returned, reversed
             FROM payments WHERE topup_id = $1 ORDER BY number",
            topup.get(),
        )
        .fetch_all(self.conn())
        .await;
        read_all(self.seen(found)?)
    }

    async fn put_payment(&mut self, payment: &PaymentRecord) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE payments SET received = $4, credited = $5, returned = $6, reversed = $7
             WHERE gateway = $1 AND payment_id = $2 AND topup_id = $3",
            payment.gateway.code(),
            payment.payment_id,
            payment.topup.get(),
            payment.received,
            payment.credited,
            payment.returned,
            payment.reversed,
        )
        .execute(self.conn())
        .await;
        // Only a new one needs the right to add one, which operators do not have.
        if self.seen(done)?.rows_affected() > 0 { Ok(()) } else { self.add_payment(payment).await }
    }

    async fn reversals_of(&mut self, topup: TopupId) -> Result<Vec<Reversal>, StoreError> {
        let found = sqlx::query_as!(
            ReversalRow,
            "SELECT gateway, kind, id, topup_id, payment_id, currency, amount, taken, given, state
             FROM payment_reversals WHERE topup_id = $1 ORDER BY number",
            topup.get(),
        )
        .fetch_all(self.conn())
        .await;
        read_all(self.seen(found)?)
    }

    async fn put_reversal(&mut self, reversal: &Reversal) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO payment_reversals (gateway, kind, id, topup_id, payment_id, currency,
                                            amount, taken, given, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10, $9)
             ON CONFLICT (gateway, kind, id) DO UPDATE SET state = $9, given = $10",
            reversal.gateway.code(),
            reversal.kind.as_str(),
            reversal.id,
            reversal.topup.get(),
            reversal.payment_id,
            reversal.amount.currency.code(),
            reversal.amount.amount.get(),
            reversal.taken,
            reversal.state.as_str(),
            reversal.given,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn insert_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO topup_refunds (id, topup_id, payment_id, amount, value_currency,
                                        value_amount, operator, approver, reason, state,
                                        gateway_refund_id, claim_url, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
            refund.id.get(),
            refund.topup.get(),
            refund.payment_id,
            refund.amount.get(),
            refund.value.currency.code(),
            refund.value.amount.get(),
            refund.operator,
            refund.approver,
            refund.reason,
            refund.state.as_str(),
            refund.gateway_refund_id,
            refund.claim_url,
            refund.created_at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn refund(&mut self, id: RefundId) -> Result<Option<Refund>, StoreError> {
        let found = sqlx::query_as!(
            RefundRow,
            "SELECT id, topup_id, payment_id, amount, given, value_currency, value_amount, operator,
                    approver, reason, state, gateway_refund_id, claim_url, created_at
             FROM topup_refunds WHERE id = $1",
            id.get(),
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(found)?.map(Refund::try_from).transpose()
    }

    async fn refunds_of(&mut self, topup: TopupId) -> Result<Vec<Refund>, StoreError> {
        let found = sqlx::query_as!(
            RefundRow,
            "SELECT id, topup_id, payment_id, amount, given, value_currency, value_amount, operator,
                    approver, reason, state, gateway_refund_id, claim_url, created_at
             FROM topup_refunds WHERE topup_id = $1 ORDER BY number",
            topup.get(),
        )
        .fetch_all(self.conn())
        .await;
        read_all(self.seen(found)?)
    }

    async fn update_refund(&mut self, refund: &Refund, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE topup_refunds SET state = $2, gateway_refund_id = $3, claim_url = $4,
                 changed_at = $5, given = $6
             WHERE id = $1",
            refund.id.get(),
            refund.state.as_str(),
            refund.gateway_refund_id,
            refund.claim_url,
            at,
            refund.given,
        )
        .execute(self.conn())
        .await;
        let written = self.seen(done)?.rows_affected();
        self.expect_one(written, "no such refund")
    }

    async fn insert_resolution(&mut self, resolution: &Resolution) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO topup_resolutions (topup_id, flag, operator, note, at)
             VALUES ($1, $2, $3, $4, $5)",
            resolution.topup.get(),
            resolution.flag.as_str(),
            resolution.operator,
            resolution.note,
            resolution.at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn insert_notice(
        &mut self,
        notice: &Notice,
        raw: &[u8],
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "INSERT INTO payment_notices (gateway, event_id, event_kind, payment, raw_body,
                                          received_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (gateway, event_id) DO NOTHING",
            notice.gateway.code(),
            notice.event_id,
            notice.event_kind,
            notice.payment.to_string(),
            raw,
            at,
        )
        .execute(self.conn())
        .await;
        Ok(self.seen(done)?.rows_affected() == 1)
    }
}

impl PgUnitOfWork {
    /// One that was booked for another top-up stays there.
    async fn add_payment(&mut self, payment: &PaymentRecord) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO payments (gateway, payment_id, topup_id, received, credited, returned,
                                   reversed)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            payment.gateway.code(),
            payment.payment_id,
            payment.topup.get(),
            payment.received,
            payment.credited,
            payment.returned,
            payment.reversed,
        )
        .execute(self.conn())
        .await;
        let written = self.seen(done)?.rows_affected();
        self.expect_one(written, "this payment was booked for another top-up")
    }

    /// Breaks the unit unless a statement wrote its one row.
    fn expect_one(&mut self, written: u64, what: &'static str) -> Result<(), StoreError> {
        if written == 1 {
            return Ok(());
        }
        self.refuse();
        Err(StoreError::Internal(what.into()))
    }
}

fn resolved(topup: &Topup) -> Vec<String> {
    topup.resolved.iter().map(|flag| flag.as_str().to_owned()).collect()
}
