use async_trait::async_trait;
use domain::{
    ids::{ExternalId, OrderId, ProviderId},
    orders::{Delivery, Order, OrderRepo, OrderState},
    store::StoreError,
};

use super::{error, order_row::query_orders, store::PgUnitOfWork};

#[async_trait]
impl OrderRepo for PgUnitOfWork {
    async fn lock(&mut self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let found =
            query_orders!("SELECT", "FROM orders WHERE id = $1 FOR NO KEY UPDATE", id.get())
                .fetch_optional(self.conn())
                .await;
        self.seen(found)?.map(Order::try_from).transpose()
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
        self.seen(found)?.map(Order::try_from).transpose()
    }

    async fn update(&mut self, order: &Order) -> Result<(), StoreError> {
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
                 resend_from = $13, sms_revision = $14, otp_code = $15, otp_message = $16,
                 otp_received_at = $17, canceled_at = $18, upstream_open = $19, changed_at = $20,
                 poll_at = CASE WHEN $10 IN ('COMPLETED', 'CANCELED', 'EXPIRED') THEN $20
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
            delivery.and_then(Delivery::shown_code),
            delivery.and_then(Delivery::shown_text),
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
