use async_trait::async_trait;
use domain::{
    abuse::{Ban, Tier},
    ids::{OrderId, UserId},
    ledger::PostError,
    orders::{
        Again, Claim, Lease, Order, OrderState, Purchases, RequestKey, Reservation, ReserveError,
        Reserved,
    },
    outbox::EventKind,
    rates::{IdrPerUsd, Rate},
    store::StoreError,
};

use chrono::DateTime;
use metrics::counter;
use sqlx::{error::DatabaseError, postgres::PgDatabaseError};

use super::{Postgres, error};

#[async_trait]
impl Purchases for Postgres {
    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, ReserveError> {
        let row = match &reservation.draft.quote.again {
            None => self.reserve_any(reservation).await,
            Some(again) => self.reserve_again(reservation, again).await,
        };
        let row = row.map_err(|error| reserve_error(error, reservation))?;
        let draft = &reservation.draft;
        let ids = row.order_ids.into_iter().map(OrderId::new);
        match row.outcome.as_str() {
            "new" => Ok(Reserved::New(ids.map(|id| Order { id, ..draft.clone() }).collect())),
            "replay" => Ok(Reserved::Replay(ids.collect())),
            _ => Err(ReserveError::KeyReused),
        }
    }

    async fn replay(
        &self,
        user: UserId,
        key: &RequestKey,
    ) -> Result<Option<Vec<OrderId>>, ReserveError> {
        let row = sqlx::query!(
            "SELECT fingerprint, order_ids FROM idempotency_keys
             WHERE user_id = $1 AND operation = $2 AND key = $3",
            user.get(),
            key.operation,
            key.key.as_str(),
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(error::store)?;
        match row {
            None => Ok(None),
            Some(row) if row.fingerprint == key.fingerprint => {
                Ok(Some(row.order_ids.into_iter().map(OrderId::new).collect()))
            }
            Some(_) => Err(ReserveError::KeyReused),
        }
    }

    async fn pin_rate(
        &self,
        user: UserId,
        key: &RequestKey,
        rate: Rate,
    ) -> Result<Option<Rate>, StoreError> {
        let row = sqlx::query!(
            r#"UPDATE idempotency_keys SET
                   shown_rate = coalesce(shown_rate, $4),
                   shown_rate_as_of = CASE WHEN shown_rate IS NULL THEN $5 ELSE shown_rate_as_of END
               WHERE user_id = $1 AND operation = $2 AND key = $3
               RETURNING shown_rate AS "shown_rate!", shown_rate_as_of"#,
            user.get(),
            key.operation,
            key.key.as_str(),
            rate.idr_per_usd.get(),
            rate.as_of,
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(error::store)?;
        let Some(row) = row else { return Ok(None) };
        let idr_per_usd = IdrPerUsd::new(row.shown_rate);
        let idr_per_usd =
            idr_per_usd.ok_or_else(|| error::corrupt("idempotency_keys", user, "shown_rate"))?;
        Ok(Some(Rate { idr_per_usd, as_of: row.shown_rate_as_of }))
    }

    async fn activate(&self, order: &Order) -> Result<Claim, StoreError> {
        let lease = lease(order)?;
        let done = sqlx::query_scalar!(
            r#"WITH active AS (
                   UPDATE orders SET
                       state = 'ACTIVE', external_id = $4, phone = $5, activated_at = $6,
                       expires_at = $7, cancel_from = $8, cost_micros = $9, upstream_open = true,
                       changed_at = $10, poll_at = $10::timestamptz + interval '3 seconds'
                   WHERE user_id = $1 AND id = $2 AND attempt = $3 AND state = 'RESERVING'
                   RETURNING user_id, id
               ), told AS (
                   INSERT INTO events (user_id, order_id, kind, created_at)
                   SELECT user_id, id, $11, $10 FROM active
               )
               SELECT count(*) AS "count!" FROM active"#,
            order.user.get(),
            order.id.get(),
            order.attempt,
            lease.external_id.as_str(),
            lease.phone.reveal(),
            lease.activated_at,
            lease.expires_at,
            lease.cancel_from,
            order.quote.cost.micros(),
            order.changed_at,
            EventKind::OrderActive.as_str(),
        )
        .fetch_one(&self.pool)
        .await;
        claimed(done)
    }

    async fn activate_orphan(&self, order: &Order) -> Result<Claim, StoreError> {
        let lease = lease(order)?;
        let done = sqlx::query_scalar!(
            // Whoever books the orphan's cost locks its row first, and looks for an order then.
            r#"WITH free AS (
                   SELECT FROM orphan_activations
                   WHERE provider_id = $12 AND external_id = $4 AND written_off_at IS NULL
                   FOR UPDATE
               ), active AS (
                   UPDATE orders SET
                       state = 'ACTIVE', external_id = $4, phone = $5, activated_at = $6,
                       expires_at = $7, cancel_from = $8, cost_micros = $9, upstream_open = true,
                       changed_at = $10, poll_at = $10::timestamptz + interval '3 seconds'
                   WHERE user_id = $1 AND id = $2 AND attempt = $3 AND state = 'RESERVING'
                     AND EXISTS (SELECT FROM free)
                   RETURNING user_id, id
               ), told AS (
                   INSERT INTO events (user_id, order_id, kind, created_at)
                   SELECT user_id, id, $11, $10 FROM active
               )
               SELECT CASE WHEN EXISTS (SELECT FROM free)
                      THEN (SELECT count(*) FROM active) END AS count"#,
            order.user.get(),
            order.id.get(),
            order.attempt,
            lease.external_id.as_str(),
            lease.phone.reveal(),
            lease.activated_at,
            lease.expires_at,
            lease.cancel_from,
            order.quote.cost.micros(),
            order.changed_at,
            EventKind::OrderActive.as_str(),
            order.quote.provider.get(),
        )
        .fetch_one(&self.pool)
        .await;
        match done {
            Ok(None) => Ok(Claim::Taken),
            done => claimed(done.map(Option::unwrap_or_default)),
        }
    }
}

fn lease(order: &Order) -> Result<&Lease, StoreError> {
    match &order.state {
        OrderState::Active { lease } => Ok(lease),
        _ => Err(StoreError::Corrupt(format!("order {} is not active", order.id))),
    }
}

/// What came of a statement that tells how many orders it moved.
fn claimed(done: sqlx::Result<i64>) -> Result<Claim, StoreError> {
    match done {
        Ok(1) => Ok(Claim::Won),
        Ok(_) => Ok(Claim::Lost),
        Err(error) if error::is_constraint(&error, "orders_activation") => Ok(Claim::Taken),
        Err(error) => Err(error::store(error)),
    }
}

/// What the functions that reserve answer with.
struct ReservedRow {
    outcome: String,
    order_ids: Vec<i64>,
}

impl Postgres {
    async fn reserve_any(&self, reservation: &Reservation) -> sqlx::Result<ReservedRow> {
        let Reservation { draft, quantity, most_unfinished, key, .. } = reservation;
        sqlx::query_as!(
            ReservedRow,
            r#"SELECT outcome AS "outcome!", order_ids AS "order_ids!"
               FROM orders_reserve($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                                   $15, $16)"#,
            draft.user.get(),
            key.as_ref().map_or("", |key| key.operation),
            key.as_ref().map(|key| key.key.as_str()),
            key.as_ref().map(|key| key.fingerprint.as_str()),
            i32::try_from(*quantity).unwrap_or(1),
            draft.price.get(),
            draft.product.get(),
            draft.catalog_product.get(),
            draft.carrier.map(domain::ids::CarrierId::get),
            draft.quote.provider.get(),
            draft.quote.service,
            draft.quote.country,
            draft.quote.cost.micros(),
            draft.created_at,
            draft.attempted_at().unwrap_or(draft.created_at),
            i32::try_from(*most_unfinished).unwrap_or(i32::MAX),
        )
        .fetch_one(&self.pool)
        .await
    }

    async fn reserve_again(
        &self,
        reservation: &Reservation,
        again: &Again,
    ) -> sqlx::Result<ReservedRow> {
        let Reservation { draft, quantity, most_unfinished, key, .. } = reservation;
        sqlx::query_as!(
            ReservedRow,
            r#"SELECT outcome AS "outcome!", order_ids AS "order_ids!"
               FROM orders_reserve_again($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                                         $13, $14, $15, $16, $17, $18)"#,
            draft.user.get(),
            key.as_ref().map_or("", |key| key.operation),
            key.as_ref().map(|key| key.key.as_str()),
            key.as_ref().map(|key| key.fingerprint.as_str()),
            i32::try_from(*quantity).unwrap_or(1),
            draft.price.get(),
            draft.product.get(),
            draft.catalog_product.get(),
            draft.carrier.map(domain::ids::CarrierId::get),
            draft.quote.provider.get(),
            draft.quote.service,
            draft.quote.country,
            draft.quote.cost.micros(),
            draft.created_at,
            draft.attempted_at().unwrap_or(draft.created_at),
            again.activation.as_str(),
            again.phone.reveal(),
            i32::try_from(*most_unfinished).unwrap_or(i32::MAX),
        )
        .fetch_one(&self.pool)
        .await
    }
}

/// The customer waits for too many orders already.
const TOO_MANY: &str = "OD001";
/// The customer may not buy for a while.
const BANNED: &str = "OD002";

fn reserve_error(cause: sqlx::Error, reservation: &Reservation) -> ReserveError {
    match cause.as_database_error().and_then(DatabaseError::code).as_deref() {
        Some(TOO_MANY) => {
            counter!("orders_refused_total", "reason" => "unfinished").increment(1);
            return ReserveError::TooMany(reservation.most_unfinished);
        }
        Some(BANNED) => {
            counter!("orders_refused_total", "reason" => "banned").increment(1);
            return banned(&cause, &reservation.draft);
        }
        _ => {}
    }
    match error::post(cause) {
        PostError::InsufficientFunds => ReserveError::InsufficientFunds,
        PostError::Frozen => ReserveError::Frozen,
        PostError::Store(error) => ReserveError::Store(error),
        error @ (PostError::KeyReused(_) | PostError::Forbidden(_)) => {
            ReserveError::Store(StoreError::Internal(error.into()))
        }
    }
}

/// What the detail of the refusal says: the tier, and the end in microseconds of the epoch. A ban
/// that ended on the way here counts for another moment.
fn banned(cause: &sqlx::Error, draft: &Order) -> ReserveError {
    let error = cause.as_database_error().and_then(|error| error.try_downcast_ref());
    let detail = error.and_then(PgDatabaseError::detail).unwrap_or_default();
    let read = detail.split_once(' ').and_then(|(tier, until)| {
        let until = DateTime::from_timestamp_micros(until.parse().ok()?)?;
        Ban::at(Tier::parse(tier)?, until, draft.created_at)
    });
    let corrupt = || error::corrupt("customer_bans", draft.user, "not readable").into();
    read.map_or_else(corrupt, ReserveError::Banned)
}
