use std::collections::HashMap;

use async_trait::async_trait;
use domain::{
    ids::{CarrierId, OrderId, UserId},
    orders::{Order, OrderPage, OrderQueries, OrderView, Status},
    providers::Protocol,
    store::StoreError,
};

use crate::postgres::{
    Postgres, error,
    order_row::{OrderRow, query_orders},
};

#[async_trait]
impl OrderQueries for Postgres {
    async fn find(&self, user: UserId, id: OrderId) -> Result<Option<OrderView>, StoreError> {
        let row = query_orders!(
            "SELECT",
            "FROM orders
             WHERE user_id = $1 AND id = $2 AND state NOT IN ('RESERVING', 'FAILED')",
            user.get(),
            id.get(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        Ok(self.views(row.into_iter().collect()).await?.pop())
    }

    async fn list(&self, user: UserId, page: OrderPage) -> Result<Vec<OrderView>, StoreError> {
        let rows = query_orders!(
            "SELECT",
            "FROM orders
             WHERE user_id = $1 AND state NOT IN ('RESERVING', 'FAILED')
               AND ($2::text IS NULL OR state = $2)
             ORDER BY id DESC LIMIT $3 OFFSET $4",
            user.get(),
            page.status.map(domain::orders::Status::as_str),
            i64::from(page.limit),
            i64::from(page.offset),
        );
        self.views(rows.fetch_all(&self.pool).await.map_err(error::store)?).await
    }

    async fn active(&self, user: UserId) -> Result<Vec<OrderView>, StoreError> {
        let rows = query_orders!(
            "SELECT",
            "FROM orders WHERE user_id = $1 AND state IN ('ACTIVE', 'OTP_RECEIVED')
             ORDER BY id DESC",
            user.get(),
        );
        self.views(rows.fetch_all(&self.pool).await.map_err(error::store)?).await
    }

    async fn by_ids(&self, user: UserId, ids: &[OrderId]) -> Result<Vec<OrderView>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let rows = query_orders!(
            "SELECT",
            "FROM orders WHERE user_id = $1 AND id = ANY($2) ORDER BY id",
            user.get(),
            &ids,
        );
        self.views(rows.fetch_all(&self.pool).await.map_err(error::store)?).await
    }
}

impl Postgres {
    /// Adds the names of mobile networks, of which most orders have none.
    async fn views(&self, rows: Vec<OrderRow>) -> Result<Vec<OrderView>, StoreError> {
        let orders = self.opened(rows).await?;
        let mut carriers: Vec<i64> =
            orders.iter().filter_map(|order| order.carrier.map(CarrierId::get)).collect();
        carriers.dedup();
        let mut names = HashMap::new();
        if !carriers.is_empty() {
            let rows = sqlx::query!("SELECT id, name FROM carriers WHERE id = ANY($1)", &carriers);
            for row in rows.fetch_all(&self.pool).await.map_err(error::store)? {
                names.insert(CarrierId::new(row.id), row.name);
            }
        }
        let reactivating = self.reactivating(&orders).await?;
        let name = |order: &Order| order.carrier.and_then(|id| names.get(&id).cloned());
        Ok(orders
            .into_iter()
            .map(|order| OrderView {
                carrier_name: name(&order),
                reactivates: reactivating.contains(&order.quote.provider.get()),
                order,
            })
            .collect())
    }

    /// Which providers of completed orders rent numbers out again.
    async fn reactivating(&self, orders: &[Order]) -> Result<Vec<i64>, StoreError> {
        let completed = orders.iter().filter(|order| order.status() == Status::Completed);
        let mut providers: Vec<i64> = completed.map(|order| order.quote.provider.get()).collect();
        providers.sort_unstable();
        providers.dedup();
        if providers.is_empty() {
            return Ok(providers);
        }
        let rows =
            sqlx::query!("SELECT id, protocol FROM providers WHERE id = ANY($1)", &providers);
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        let able = |protocol: &str| Protocol::parse(protocol).is_some_and(Protocol::reactivates);
        Ok(rows.into_iter().filter(|row| able(&row.protocol)).map(|row| row.id).collect())
    }
}
