use async_trait::async_trait;
use domain::{
    rates::{IdrPerUsd, RateBook},
    store::StoreError,
    time::Timestamp,
};

use super::{Postgres, error};

#[async_trait]
impl RateBook for Postgres {
    async fn newest_rate(&self) -> Result<Option<(IdrPerUsd, Timestamp)>, StoreError> {
        let newest = sqlx::query!(
            "SELECT made_at, idr_per_usd FROM exchange_rates ORDER BY made_at DESC LIMIT 1"
        );
        let Some(row) = newest.fetch_optional(&self.pool).await.map_err(error::store)? else {
            return Ok(None);
        };
        let rate = IdrPerUsd::new(row.idr_per_usd);
        let rate = rate.ok_or_else(|| error::corrupt("exchange_rates", row.made_at, "rate"))?;
        Ok(Some((rate, row.made_at)))
    }

    async fn remember_rate(&self, rate: IdrPerUsd, made_at: Timestamp) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO exchange_rates (made_at, idr_per_usd) VALUES ($1, $2)
             ON CONFLICT (made_at) DO NOTHING",
            made_at,
            rate.get(),
        )
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(error::store)
    }
}
