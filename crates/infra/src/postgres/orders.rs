use async_trait::async_trait;
use domain::{
    ids::{ExternalId, OrderId, ProviderId},
    orders::{Order, OrderRepo, OrderState, Orphan},
    store::StoreError,
    time::Timestamp,
};

use super::{
    error,
    order_row::{OrderRow, query_orders},
    store::PgUnitOfWork,
    vault::{Message, Place, Sealed},
};

#[async_trait]
impl OrderRepo for PgUnitOfWork {
    async fn lock(&mut self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let found =
            query_orders!("SELECT", "FROM orders WHERE id = $1 FOR NO KEY UPDATE", id.get())
                .fetch_optional(self.conn())
                .await;
        let found = self.seen(found)?;
        self.opened(found).await
    }

    async fn lock_by_activation(
        &mut self,
        provider: ProviderId,
        external_id: &ExternalId,
    ) -> Result<Option<Order>, StoreError> {
        let found = query_orders!(
            "SELECT",
            "FROM orders WHERE provider_id = $1 AND external_id = $2 FOR NO KEY UPDATE",
            provider.get(),
            external_id.as_str(),
        )
        .fetch_optional(self.conn())
        .await;
        let found = self.seen(found)?;
        self.opened(found).await
    }

    async fn lock_orphan(
        &mut self,
        provider: ProviderId,
        id: &ExternalId,
    ) -> Result<Option<Orphan>, StoreError> {
        let found = sqlx::query_as!(
            Orphan,
            r#"SELECT first_seen_at AS since, written_off_at IS NOT NULL AS "is_written_off!"
               FROM orphan_activations WHERE provider_id = $1 AND external_id = $2 FOR UPDATE"#,
            provider.get(),
            id.as_str(),
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(found)
    }

    async fn write_off(
        &mut self,
        provider: ProviderId,
        id: &ExternalId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE orphan_activations SET written_off_at = $3
             WHERE provider_id = $1 AND external_id = $2",
            provider.get(),
            id.as_str(),
            at,
        )
        .execute(self.conn())
        .await;
        if self.seen(done)?.rows_affected() == 1 {
            return Ok(());
        }
        self.refuse();
        Err(StoreError::Internal("nobody noted this activation".into()))
    }

    async fn update(&mut self, order: &Order) -> Result<(), StoreError> {
        let sealed = self.sealed(order).await?;
        let lease = order.lease();
        let delivery = order.delivery();
        let failed = match order.state {
            OrderState::Failed { reason } => Some(reason.as_str()),
            _ => None,
        };
        let canceled_at = match order.state {
            OrderState::Canceled { at, .. } => Some(at),
            _ => None,
        };
        let done = sqlx::query!(
            "UPDATE orders SET
                 product_id = $3, attempt = $4, price = $5, provider_id = $6,
                 external_service = $7, external_country = $8, cost_micros = $9, state = $10,
                 attempted_at = coalesce($11, attempted_at), failed_reason = $12,
                 resend_from = $13, sms_revision = $14, otp_day = $15, otp_code_sealed = $16,
                 otp_message_sealed = $17, otp_code = NULL, otp_message = NULL,
                 otp_received_at = $18, canceled_at = $19, upstream_open = $20, changed_at = $21,
                 poll_at = CASE WHEN $10 IN ('COMPLETED', 'CANCELED', 'EXPIRED') THEN $21
                           ELSE poll_at END
             WHERE user_id = $1 AND id = $2",
            order.user.get(),
            order.id.get(),
            order.product.get(),
            order.attempt,
            order.price.get(),
            order.quote.provider.get(),
            order.quote.service,
            order.quote.country,
            order.quote.cost.micros(),
            order.status().as_str(),
            order.attempted_at(),
            failed,
            lease.and_then(|lease| lease.resend_from),
            delivery.map_or(0, |delivery| delivery.revision),
            sealed.day,
            sealed.code,
            sealed.text,
            delivery.map(|delivery| delivery.first_at),
            canceled_at,
            order.upstream_open,
            order.changed_at,
        )
        .execute(self.conn())
        .await;
        match self.seen(done)?.rows_affected() {
            1 => Ok(()),
            _ => Err(error::corrupt("orders", order.id, "vanished while locked")),
        }
    }
}

impl PgUnitOfWork {
    async fn opened(&mut self, row: Option<OrderRow>) -> Result<Option<Order>, StoreError> {
        let keys = self.keys(row.iter().filter_map(|row| row.otp_day)).await?;
        row.map(|row| row.open(&keys)).transpose()
    }

    /// What is stored of the last message: sealed under the key of the day of the order, or of this
    /// change of it should that day be forgotten already.
    async fn sealed(&mut self, order: &Order) -> Result<Sealed, StoreError> {
        let Some(delivery) = order.delivery().filter(|delivery| delivery.text.is_some()) else {
            return Ok(Sealed::default());
        };
        let days = [order.created_at.date_naive(), order.changed_at.date_naive()];
        let (day, key) = self.writable(&days).await?;
        let message = Message { code: delivery.code.clone(), text: delivery.text.clone() };
        let sealed = Sealed::new((day, &key), &Place::order(order.id.get()), &message);
        sealed.map_err(|error| StoreError::Internal(error.into()))
    }
}
