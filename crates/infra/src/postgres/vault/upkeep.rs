//! What only the task worker and the operator's tools do with messages at rest.

use async_trait::async_trait;
use domain::{
    ids::OrderId,
    privacy::{SmsKey, SmsVault},
    providers::{SmsCode, SmsText},
    store::StoreError,
    time::Day,
};
use sqlx::{PgConnection, Postgres as Driver, pool::PoolConnection};

use super::{Message, Place, Sealed, Vault};
use crate::postgres::{Postgres, error};

#[async_trait]
impl SmsVault for Postgres {
    async fn seal_plain(&self, limit: u32) -> Result<u64, StoreError> {
        let limit = i64::from(limit);
        let mut sealing = self.sealing().await?;
        let orders = sealing.orders(limit).await?;
        let messages = sealing.messages(limit).await?;
        Ok(orders + messages + sealing.callbacks(limit, None).await?)
    }

    async fn drop_keys(&self, before: Day) -> Result<Vec<Day>, StoreError> {
        let days = sqlx::query_scalar!(
            "UPDATE sms_keys SET key_sealed = NULL, dropped_at = now()
             WHERE day < least($1, (now() AT TIME ZONE 'UTC')::date) AND key_sealed IS NOT NULL
             RETURNING day",
            before,
        );
        let days = days.fetch_all(&self.pool).await.map_err(error::store)?;
        self.vault.forget(&days);
        Ok(days)
    }

    async fn clear(&self, limit: u32) -> Result<u64, StoreError> {
        let limit = i64::from(limit);
        let orders = sqlx::query!(
            "UPDATE orders SET otp_day = NULL, otp_code_sealed = NULL, otp_message_sealed = NULL
             WHERE id IN (
                 SELECT o.id FROM sms_keys k JOIN orders o ON o.otp_day = k.day
                 WHERE k.key_sealed IS NULL LIMIT $1 FOR NO KEY UPDATE OF o SKIP LOCKED)",
            limit,
        );
        let orders = orders.execute(&self.pool).await.map_err(error::store)?;
        let messages = sqlx::query!(
            "UPDATE sms_messages SET day = NULL, code_sealed = NULL, text_sealed = NULL
             WHERE (user_id, order_id, revision) IN (
                 SELECT m.user_id, m.order_id, m.revision
                 FROM sms_keys k JOIN sms_messages m ON m.day = k.day
                 WHERE k.key_sealed IS NULL LIMIT $1 FOR NO KEY UPDATE OF m SKIP LOCKED)",
            limit,
        );
        let messages = messages.execute(&self.pool).await.map_err(error::store)?;
        let callbacks = sqlx::query!(
            "UPDATE sms_inbox
             SET day = NULL, code_sealed = NULL, text_sealed = NULL, digest = NULL,
                 state = CASE WHEN state IN ('PENDING', 'PARKED') THEN 'LATE' ELSE state END
             WHERE id IN (
                 SELECT i.id FROM sms_keys k JOIN sms_inbox i ON i.day = k.day
                 WHERE k.key_sealed IS NULL LIMIT $1 FOR NO KEY UPDATE OF i SKIP LOCKED)",
            limit,
        );
        let callbacks = callbacks.execute(&self.pool).await.map_err(error::store)?;
        Ok([orders, messages, callbacks]
            .iter()
            .map(sqlx::postgres::PgQueryResult::rows_affected)
            .sum())
    }

    async fn list(&self, limit: u32) -> Result<Vec<SmsKey>, StoreError> {
        let rows = sqlx::query_as!(
            SmsKey,
            "SELECT day, created_at AS made_at, dropped_at FROM sms_keys
             ORDER BY day DESC LIMIT $1",
            i64::from(limit),
        );
        rows.fetch_all(&self.pool).await.map_err(error::store)
    }
}

impl Postgres {
    /// Begins to seal what earlier versions stored in plain text.
    pub(in crate::postgres) async fn sealing(&self) -> Result<Sealing, StoreError> {
        let connection = self.pool.acquire().await.map_err(error::store)?;
        Ok(Sealing { vault: self.vault.clone(), connection })
    }
}

/// Seals rows in place. Nobody is kept waiting: a row that changes meanwhile is left for later.
pub(in crate::postgres) struct Sealing {
    vault: Vault,
    connection: PoolConnection<Driver>,
}

/// Columns of rows to be written in one statement.
#[derive(Default)]
struct Columns {
    days: Vec<Option<Day>>,
    codes: Vec<Option<Vec<u8>>>,
    texts: Vec<Option<Vec<u8>>>,
}

impl Sealing {
    async fn orders(&mut self, limit: i64) -> Result<u64, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id, changed_at, created_at, otp_code, otp_message AS "text!" FROM orders
               WHERE otp_message IS NOT NULL ORDER BY id LIMIT $1"#,
            limit,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(error::store)?;
        let mut columns = Columns::default();
        for row in &rows {
            let message = plain(row.otp_code.as_deref(), &row.text);
            let day = row.created_at.date_naive();
            columns.add(self.seal(day, &Place::order(row.id), &message).await?);
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let seen: Vec<_> = rows.iter().map(|row| row.changed_at).collect();
        let done = sqlx::query!(
            "UPDATE orders o
             SET otp_day = u.day, otp_code_sealed = u.code, otp_message_sealed = u.text,
                 otp_code = NULL, otp_message = NULL
             FROM unnest($1::bigint[], $2::timestamptz[], $3::date[], $4::bytea[], $5::bytea[])
                 AS u (id, changed_at, day, code, text)
             WHERE o.id = u.id AND o.changed_at = u.changed_at AND o.otp_message IS NOT NULL",
            &ids,
            &seen,
            &columns.days as _,
            &columns.codes as _,
            &columns.texts as _,
        );
        Ok(done.execute(self.connection()).await.map_err(error::store)?.rows_affected())
    }

    async fn messages(&mut self, limit: i64) -> Result<u64, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT order_id, revision, source, created_at, code, text AS "text!"
               FROM sms_messages
               WHERE text IS NOT NULL ORDER BY order_id, revision LIMIT $1"#,
            limit,
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(error::store)?;
        let mut columns = Columns::default();
        for row in &rows {
            let place = Place::message(OrderId::new(row.order_id), row.revision);
            let message = plain(row.code.as_deref(), &row.text);
            columns.add(self.seal(row.created_at.date_naive(), &place, &message).await?);
        }
        let orders: Vec<_> = rows.iter().map(|row| row.order_id).collect();
        let revisions: Vec<_> = rows.iter().map(|row| row.revision).collect();
        // The text changes once, and its source with it.
        let sources: Vec<_> = rows.iter().map(|row| row.source.clone()).collect();
        let done = sqlx::query!(
            "UPDATE sms_messages m
             SET day = u.day, code_sealed = u.code, text_sealed = u.text, code = NULL, text = NULL
             FROM unnest($1::bigint[], $2::int[], $3::text[], $4::date[], $5::bytea[], $6::bytea[])
                 AS u (order_id, revision, source, day, code, text)
             WHERE m.order_id = u.order_id AND m.revision = u.revision AND m.source = u.source
               AND m.text IS NOT NULL",
            &orders,
            &revisions,
            &sources,
            &columns.days as _,
            &columns.codes as _,
            &columns.texts as _,
        );
        Ok(done.execute(self.connection()).await.map_err(error::store)?.rows_affected())
    }

    /// All callbacks, or those of one activation at its provider.
    pub(in crate::postgres) async fn callbacks(
        &mut self,
        limit: i64,
        activation: Option<(i64, &str)>,
    ) -> Result<u64, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id, provider_id, external_id, upstream_at, created_at, code, text AS "text!"
               FROM sms_inbox
               WHERE text IS NOT NULL AND ($2::bigint IS NULL OR provider_id = $2)
                 AND ($3::text IS NULL OR external_id = $3)
               ORDER BY id LIMIT $1"#,
            limit,
            activation.map(|(provider, _)| provider),
            activation.map(|(_, id)| id),
        );
        let rows = rows.fetch_all(self.connection()).await.map_err(error::store)?;
        let (mut columns, mut digests) = (Columns::default(), Vec::new());
        for row in &rows {
            let message = plain(row.code.as_deref(), &row.text);
            let id = (row.provider_id, row.external_id.as_str(), row.upstream_at.as_str());
            let digest = self.vault.callback(id, message.text.as_ref());
            let place = Place::callback(&digest);
            let sealed = self.seal(row.created_at.date_naive(), &place, &message).await?;
            digests.push(sealed.day.map(|_| digest.to_vec()));
            columns.add(sealed);
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let done = sqlx::query!(
            "UPDATE sms_inbox i
             SET day = f.day, code_sealed = f.code, text_sealed = f.text, digest = f.digest,
                 code = NULL, text = NULL
             FROM (
                 -- Of a message that came again meanwhile, one copy is enough.
                 SELECT u.id, CASE WHEN d.id IS NULL THEN u.day END AS day,
                     CASE WHEN d.id IS NULL THEN u.code END AS code,
                     CASE WHEN d.id IS NULL THEN u.text END AS text,
                     CASE WHEN d.id IS NULL THEN u.digest END AS digest
                 FROM unnest($1::bigint[], $2::date[], $3::bytea[], $4::bytea[], $5::bytea[])
                     AS u (id, day, code, text, digest)
                 LEFT JOIN sms_inbox d ON d.digest = u.digest
             ) AS f
             WHERE i.id = f.id AND i.text IS NOT NULL",
            &ids,
            &columns.days as _,
            &columns.codes as _,
            &columns.texts as _,
            &digests as _,
        );
        Ok(done.execute(self.connection()).await.map_err(error::store)?.rows_affected())
    }

    /// Nothing is left of a message whose day's key was dropped already.
    async fn seal(
        &mut self,
        day: Day,
        place: &Place,
        message: &Message,
    ) -> Result<Sealed, StoreError> {
        let Some(key) = self.vault.writable(&mut self.connection, day).await? else {
            return Ok(Sealed::default());
        };
        if key.is_new {
            self.vault.remember(day, key.key.clone());
        }
        Sealed::new((day, &key.key), place, message)
            .map_err(|error| StoreError::Internal(error.into()))
    }

    fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Columns {
    fn add(&mut self, sealed: Sealed) {
        self.days.push(sealed.day);
        self.codes.push(sealed.code);
        self.texts.push(sealed.text);
    }
}

fn plain(code: Option<&str>, text: &str) -> Message {
    Message { code: code.map(SmsCode::from), text: Some(SmsText::new(text)) }
}
