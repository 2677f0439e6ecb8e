use std::time::Duration;

use async_trait::async_trait;
use domain::{
    ids::{ExternalId, ProviderId},
    money::Cost,
    orders::{InFlight, Order, OrderWork, Orphan},
    providers::PhoneNumber,
    store::StoreError,
    time::Timestamp,
};

use super::{Postgres, error, order_row::query_orders};

#[async_trait]
impl OrderWork for Postgres {
    async fn stuck(&self, before: Timestamp, limit: u32) -> Result<Vec<Order>, StoreError> {
        let rows = query_orders!(
            "SELECT",
            "FROM orders WHERE state = 'RESERVING' AND attempted_at < $1
             ORDER BY attempted_at LIMIT $2",
            before,
            i64::from(limit),
        );
        self.opened(rows.fetch_all(&self.pool).await.map_err(error::store)?).await
    }

    async fn in_flight(
        &self,
        provider: ProviderId,
        since: Timestamp,
    ) -> Result<Vec<InFlight>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT external_service, external_country, count(*) AS "count!"
               FROM orders
               WHERE state = 'RESERVING' AND provider_id = $1 AND attempted_at >= $2
               GROUP BY external_service, external_country"#,
            provider.get(),
            since,
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        Ok(rows
            .into_iter()
            .map(|row| InFlight {
                service: row.external_service,
                country: row.external_country,
                count: row.count,
            })
            .collect())
    }

    async fn asked_again(&self, provider: ProviderId) -> Result<Vec<PhoneNumber>, StoreError> {
        let rows = sqlx::query_scalar!(
            r#"SELECT again_phone AS "again_phone!" FROM orders
               WHERE state = 'RESERVING' AND provider_id = $1 AND again_phone IS NOT NULL"#,
            provider.get(),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        Ok(rows.iter().filter_map(|phone| PhoneNumber::parse(phone)).collect())
    }

    async fn known(
        &self,
        provider: ProviderId,
        ids: &[ExternalId],
    ) -> Result<Vec<ExternalId>, StoreError> {
        let ids: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        let rows = sqlx::query_scalar!(
            r#"SELECT external_id AS "external_id!" FROM orders
               WHERE provider_id = $1 AND external_id = ANY($2)"#,
            provider.get(),
            &ids,
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        Ok(rows.iter().filter_map(|id| ExternalId::parse(id)).collect())
    }

    async fn waited_on(
        &self,
        provider: ProviderId,
        before: Timestamp,
    ) -> Result<Vec<ExternalId>, StoreError> {
        let rows = sqlx::query_scalar!(
            r#"SELECT external_id AS "external_id!" FROM orders
               WHERE state = 'ACTIVE' AND provider_id = $1 AND activated_at < $2"#,
            provider.get(),
            before,
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        Ok(rows.iter().filter_map(|id| ExternalId::parse(id)).collect())
    }

    async fn due_polls(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError> {
        let rows = query_orders!(
            "UPDATE orders SET poll_at = $2 WHERE id IN (
                 SELECT id FROM orders
                 WHERE state IN ('ACTIVE', 'OTP_RECEIVED') AND poll_at <= $1
                 ORDER BY poll_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
             RETURNING",
            "",
            now,
            now + interval,
            i64::from(limit),
        );
        self.opened(rows.fetch_all(&self.pool).await.map_err(error::store)?).await
    }

    async fn due_expiries(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError> {
        let rows = query_orders!(
            "UPDATE orders SET end_at = $2 WHERE id IN (
                 SELECT id FROM orders
                 WHERE state IN ('ACTIVE', 'OTP_RECEIVED') AND expires_at <= $1
                   AND (end_at IS NULL OR end_at <= $1)
                 ORDER BY expires_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
             RETURNING",
            "",
            now,
            now + interval,
            i64::from(limit),
        );
        self.opened(rows.fetch_all(&self.pool).await.map_err(error::store)?).await
    }

    async fn note_orphan(
        &self,
        provider: ProviderId,
        id: &ExternalId,
        now: Timestamp,
    ) -> Result<Orphan, StoreError> {
        sqlx::query_as!(
            Orphan,
            r#"INSERT INTO orphan_activations AS o
                   (provider_id, external_id, first_seen_at, last_seen_at)
               VALUES ($1, $2, $3, $3)
               ON CONFLICT (provider_id, external_id) DO UPDATE SET last_seen_at = $3
               RETURNING first_seen_at AS since, written_off_at IS NOT NULL AS "is_written_off!""#,
            provider.get(),
            id.as_str(),
            now,
        )
        .fetch_one(&self.pool)
        .await
        .map_err(error::store)
    }

    async fn listed_cost(
        &self,
        provider: ProviderId,
        service: &str,
        country: Option<&str>,
    ) -> Result<Option<Cost>, StoreError> {
        let micros = sqlx::query_scalar!(
            "SELECT max(cost_micros) FROM offers
             WHERE provider_id = $1 AND external_service = $2
               AND ($3::text IS NULL OR external_country = $3)",
            provider.get(),
            service,
            country,
        );
        let micros = micros.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(micros.and_then(Cost::from_micros))
    }

    async fn due_sweeps(
        &self,
        now: Timestamp,
        interval: Duration,
    ) -> Result<Vec<ProviderId>, StoreError> {
        let ids = sqlx::query_scalar!(
            "UPDATE providers SET sweep_at = $2
             WHERE enabled AND (sweep_at IS NULL OR sweep_at <= $1) RETURNING id",
            now,
            now + interval,
        );
        let ids = ids.fetch_all(&self.pool).await.map_err(error::store)?;
        Ok(ids.into_iter().map(ProviderId::new).collect())
    }
}
