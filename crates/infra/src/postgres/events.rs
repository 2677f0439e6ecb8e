use async_trait::async_trait;
use domain::{
    ids::{EventSeq, OrderId, UserId},
    outbox::{Event, EventKind, EventQueries, EventRelay, Outbox, StampedEvent},
    store::StoreError,
    time::Timestamp,
};

use super::{Postgres, error, store::PgUnitOfWork};

/// A row of `events` that has its place.
struct EventRow {
    seq: i64,
    user_id: i64,
    order_id: i64,
    kind: String,
    created_at: Timestamp,
}

impl TryFrom<EventRow> for StampedEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let kind = EventKind::parse(&row.kind);
        Ok(Self {
            seq: EventSeq::new(row.seq),
            event: Event {
                user: UserId::new(row.user_id),
                order: OrderId::new(row.order_id),
                kind: kind.ok_or_else(|| error::corrupt("events", row.seq, "kind"))?,
            },
            at: row.created_at,
        })
    }
}

#[async_trait]
impl Outbox for PgUnitOfWork {
    async fn publish(&mut self, event: Event, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            // The SMS that an event tells of is the newest of its order, stored by the same unit.
            "INSERT INTO events (user_id, order_id, kind, created_at, revision)
             VALUES ($1, $2, $3, $4, CASE WHEN $3 = 'order.otp_received' THEN (
                 SELECT max(revision) FROM sms_messages WHERE user_id = $1 AND order_id = $2)
             END)",
            event.user.get(),
            event.order.get(),
            event.kind.as_str(),
            at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }
}

#[async_trait]
impl EventRelay for Postgres {
    async fn stamp(&self, limit: u32) -> Result<Vec<StampedEvent>, StoreError> {
        let rows = sqlx::query_as!(
            EventRow,
            r#"SELECT seq AS "seq!", user_id AS "user_id!", order_id AS "order_id!",
                      kind AS "kind!", created_at AS "created_at!"
               FROM events_stamp($1)"#,
            i32::try_from(limit).unwrap_or(i32::MAX),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter().map(StampedEvent::try_from).collect()
    }
}

#[async_trait]
impl EventQueries for Postgres {
    async fn since(
        &self,
        user: UserId,
        after: EventSeq,
        limit: u32,
    ) -> Result<Vec<StampedEvent>, StoreError> {
        let rows = sqlx::query_as!(
            EventRow,
            r#"SELECT seq AS "seq!", user_id, order_id, kind, created_at FROM events
               WHERE user_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"#,
            user.get(),
            after.get(),
            i64::from(limit),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter().map(StampedEvent::try_from).collect()
    }

    async fn newest(&self) -> Result<EventSeq, StoreError> {
        let newest = sqlx::query_scalar!("SELECT max(seq) FROM events WHERE seq IS NOT NULL");
        let newest = newest.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(EventSeq::new(newest.unwrap_or(0)))
    }
}
