use async_trait::async_trait;
use domain::{
    ids::{ExternalId, InboxId, OrderId, ProviderId},
    inbox::{
        Callback, CallbackState, CallbackStore, InboxRepo, MessageSource, StoredCallback,
        StoredMessage,
    },
    orders::Order,
    store::StoreError,
    tasks::TaskKind,
    time::{Day, Timestamp},
};

use super::{
    Postgres, error,
    store::PgUnitOfWork,
    tasks::millis,
    vault::{DayKeys, Message, Place, Sealed, Stored},
};
use crate::{crypto::Sealer, trace};

/// A row of `sms_inbox`.
struct CallbackRow {
    id: i64,
    provider_id: i64,
    external_id: String,
    upstream_at: String,
    state: String,
    digest: Option<Vec<u8>>,
    day: Option<Day>,
    code_sealed: Option<Vec<u8>>,
    text_sealed: Option<Vec<u8>>,
    code: Option<String>,
    text: Option<String>,
}

impl CallbackRow {
    /// The callback, unless its text was forgotten: there is nothing to be done with it then.
    fn open(self, keys: &DayKeys) -> Result<Option<StoredCallback>, StoreError> {
        let bad = |what| error::corrupt("sms_inbox", self.id, what);
        let stored = Stored {
            day: self.day,
            code_sealed: self.code_sealed,
            text_sealed: self.text_sealed,
            code: self.code,
            text: self.text,
        };
        let place = Place::callback(self.digest.as_deref().unwrap_or_default());
        let message = stored.open(keys, &place).map_err(|_| bad("message"))?;
        let Some(text) = message.text else { return Ok(None) };
        Ok(Some(StoredCallback {
            id: InboxId::new(self.id),
            callback: Callback {
                provider: ProviderId::new(self.provider_id),
                external_id: ExternalId::parse(&self.external_id).ok_or_else(|| bad("id"))?,
                code: message.code,
                text,
                received_at: self.upstream_at,
            },
            state: CallbackState::parse(&self.state).ok_or_else(|| bad("state"))?,
        }))
    }
}

/// A row of `sms_messages`.
struct MessageRow {
    revision: i32,
    source: String,
    created_at: Timestamp,
    day: Option<Day>,
    code_sealed: Option<Vec<u8>>,
    text_sealed: Option<Vec<u8>>,
    code: Option<String>,
    text: Option<String>,
}

impl MessageRow {
    fn open(self, order: OrderId, keys: &DayKeys) -> Result<StoredMessage, StoreError> {
        let bad = |what| error::corrupt("sms_messages", order, what);
        let stored = Stored {
            day: self.day,
            code_sealed: self.code_sealed,
            text_sealed: self.text_sealed,
            code: self.code,
            text: self.text,
        };
        let message = stored.open(keys, &Place::message(order, self.revision));
        let Message { code, text } = message.map_err(|_| bad("message"))?;
        Ok(StoredMessage {
            revision: self.revision,
            code,
            text,
            source: MessageSource::parse(&self.source).ok_or_else(|| bad("source"))?,
            at: self.created_at,
        })
    }
}

fn opened(
    order: OrderId,
    rows: Vec<MessageRow>,
    keys: &DayKeys,
) -> Result<Vec<StoredMessage>, StoreError> {
    rows.into_iter().map(|row| row.open(order, keys)).collect()
}

#[async_trait]
impl InboxRepo for PgUnitOfWork {
    async fn lock_callback(&mut self, id: InboxId) -> Result<Option<StoredCallback>, StoreError> {
        let found = sqlx::query_as!(
            CallbackRow,
            "SELECT id, provider_id, external_id, upstream_at, state, digest, day, code_sealed,
                 text_sealed, code, text
             FROM sms_inbox WHERE id = $1 FOR NO KEY UPDATE",
            id.get(),
        )
        .fetch_optional(self.conn())
        .await;
        let Some(row) = self.seen(found)? else { return Ok(None) };
        let keys = self.keys(row.day).await?;
        row.open(&keys)
    }

    async fn mark_callback(&mut self, id: InboxId, state: CallbackState) -> Result<(), StoreError> {
        let done =
            sqlx::query!("UPDATE sms_inbox SET state = $2 WHERE id = $1", id.get(), state.as_str())
                .execute(self.conn())
                .await;
        self.seen(done).map(drop)
    }

    async fn messages(&mut self, order: &Order) -> Result<Vec<StoredMessage>, StoreError> {
        let rows = sqlx::query_as!(
            MessageRow,
            "SELECT revision, source, created_at, day, code_sealed, text_sealed, code, text
             FROM sms_messages
             WHERE user_id = $1 AND order_id = $2 ORDER BY revision",
            order.user.get(),
            order.id.get(),
        )
        .fetch_all(self.conn())
        .await;
        let rows = self.seen(rows)?;
        let days: Vec<Day> = rows.iter().filter_map(|row| row.day).collect();
        opened(order.id, rows, &self.keys(days).await?)
    }

    async fn add_message(
        &mut self,
        order: &Order,
        message: &StoredMessage,
    ) -> Result<(), StoreError> {
        let sealed = self.sealed_message(order.id, message).await?;
        let done = sqlx::query!(
            "INSERT INTO sms_messages (user_id, order_id, revision, day, code_sealed, text_sealed,
                 source, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            order.user.get(),
            order.id.get(),
            message.revision,
            sealed.day,
            sealed.code,
            sealed.text,
            message.source.as_str(),
            message.at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn replace_message(
        &mut self,
        order: &Order,
        message: &StoredMessage,
    ) -> Result<(), StoreError> {
        let sealed = self.sealed_message(order.id, message).await?;
        let done = sqlx::query!(
            "UPDATE sms_messages
             SET day = $4, code_sealed = $5, text_sealed = $6, code = NULL, text = NULL, source = $7
             WHERE user_id = $1 AND order_id = $2 AND revision = $3",
            order.user.get(),
            order.id.get(),
            message.revision,
            sealed.day,
            sealed.code,
            sealed.text,
            message.source.as_str(),
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }
}

impl PgUnitOfWork {
    async fn sealed_message(
        &mut self,
        order: OrderId,
        message: &StoredMessage,
    ) -> Result<Sealed, StoreError> {
        let (day, key) = self.writable(&[message.at.date_naive()]).await?;
        let place = Place::message(order, message.revision);
        let message = Message { code: message.code.clone(), text: message.text.clone() };
        Sealed::new((day, &key), &place, &message)
            .map_err(|error| StoreError::Internal(error.into()))
    }
}

#[async_trait]
impl CallbackStore for Postgres {
    async fn store(
        &self,
        callback: &Callback,
        at: Timestamp,
    ) -> Result<StoredCallback, StoreError> {
        let row = if let Some(row) = self.insert_callback(callback, at).await? {
            row
        } else {
            // Perhaps a repeat of what an earlier version stored: that gets a digest as well.
            let activation = (callback.provider.get(), callback.external_id.as_str());
            self.sealing().await?.callbacks(i64::MAX, Some(activation)).await?;
            let row = self.insert_callback(callback, at).await?;
            row.ok_or(StoreError::Contention)?
        };
        let (id, keys) = (row.id, self.vault.keys(&self.pool, row.day).await?);
        // Should its key be dropped in this moment, its text is at hand still.
        let state = CallbackState::parse(&row.state);
        match row.open(&keys)? {
            Some(stored) => Ok(stored),
            None => Ok(StoredCallback {
                id: InboxId::new(id),
                callback: callback.clone(),
                state: state.ok_or_else(|| error::corrupt("sms_inbox", id, "state"))?,
            }),
        }
    }

    async fn callback(&self, id: InboxId) -> Result<Option<StoredCallback>, StoreError> {
        let row = sqlx::query_as!(
            CallbackRow,
            "SELECT id, provider_id, external_id, upstream_at, state, digest, day, code_sealed,
                 text_sealed, code, text
             FROM sms_inbox WHERE id = $1",
            id.get(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        let Some(row) = row else { return Ok(None) };
        let keys = self.vault.keys(&self.pool, row.day).await?;
        row.open(&keys)
    }

    async fn has_order(&self, callback: &Callback) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM orders WHERE provider_id = $1 AND external_id = $2) AS "exists!""#,
            callback.provider.get(),
            callback.external_id.as_str(),
        )
        .fetch_one(&self.pool)
        .await
        .map_err(error::store)
    }

    async fn is_written_off(&self, callback: &Callback) -> Result<bool, StoreError> {
        sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM orphan_activations
                   WHERE provider_id = $1 AND external_id = $2 AND written_off_at IS NOT NULL)
                   AS "exists!""#,
            callback.provider.get(),
            callback.external_id.as_str(),
        )
        .fetch_one(&self.pool)
        .await
        .map_err(error::store)
    }

    async fn trusts(&self, provider: ProviderId) -> Result<bool, StoreError> {
        let trusts = sqlx::query_scalar!(
            "SELECT trusts_callbacks FROM providers WHERE id = $1",
            provider.get(),
        );
        let trusts = trusts.fetch_optional(&self.pool).await.map_err(error::store)?;
        Ok(trusts.unwrap_or(false))
    }

    async fn backlog(&self) -> Result<i64, StoreError> {
        let open = sqlx::query_scalar!(
            r#"SELECT count(*) AS "open!" FROM sms_inbox WHERE state IN ('PENDING', 'PARKED')"#
        );
        open.fetch_one(&self.pool).await.map_err(error::store)
    }

    async fn history(&self, order: OrderId) -> Result<Vec<StoredMessage>, StoreError> {
        let rows = sqlx::query_as!(
            MessageRow,
            "SELECT m.revision, m.source, m.created_at, m.day, m.code_sealed, m.text_sealed, m.code,
                 m.text
             FROM sms_messages m JOIN orders o ON o.user_id = m.user_id AND o.id = m.order_id
             WHERE o.id = $1 ORDER BY m.revision",
            order.get(),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        let days: Vec<Day> = rows.iter().filter_map(|row| row.day).collect();
        opened(order, rows, &self.vault.keys(&self.pool, days).await?)
    }
}

impl Postgres {
    /// The row of a callback that is new or was stored before; nothing while an earlier version's
    /// plain row might be the same one.
    async fn insert_callback(
        &self,
        callback: &Callback,
        at: Timestamp,
    ) -> Result<Option<CallbackRow>, StoreError> {
        let (provider, external) = (callback.provider.get(), callback.external_id.as_str());
        let stamp = callback.received_at.as_str();
        let digest = self.vault.callback((provider, external, stamp), Some(&callback.text));
        let message = Message { code: callback.code.clone(), text: Some(callback.text.clone()) };
        let day = at.date_naive();
        let key = self.callback_key(day).await?;
        let sealed = Sealed::new((day, &key), &Place::callback(&digest), &message)
            .map_err(|error| StoreError::Internal(error.into()))?;
        // The update of nothing makes the first row visible to a repeat in the same statement.
        let row = sqlx::query_as!(
            CallbackRow,
            r#"WITH stored AS (
                   INSERT INTO sms_inbox AS i (provider_id, external_id, upstream_at, created_at,
                       digest, day, code_sealed, text_sealed)
                   SELECT $1, $2, $3, $4, $5, $6, $7, $8
                   WHERE NOT EXISTS (
                       SELECT FROM sms_inbox p
                       WHERE p.provider_id = $1 AND p.external_id = $2 AND p.upstream_at = $3
                         AND p.text IS NOT NULL)
                   ON CONFLICT (digest) DO UPDATE SET state = i.state
                   RETURNING *
               ), told AS (
                   SELECT task_enqueue($9, id::text, $10, $11) FROM stored
                   WHERE state IN ('PENDING', 'PARKED')
               )
               SELECT id AS "id!", provider_id AS "provider_id!", external_id AS "external_id!",
                   upstream_at AS "upstream_at!", state AS "state!", digest, day, code_sealed,
                   text_sealed, code, text
               FROM stored LEFT JOIN told ON true"#,
            provider,
            external,
            stamp,
            at,
            &digest[..],
            day,
            sealed.code,
            sealed.text,
            TaskKind::ConfirmSms.as_str(),
            millis(Callback::HEAD_START),
            trace::parent(),
        );
        row.fetch_optional(&self.pool).await.map_err(error::store)
    }

    async fn callback_key(&self, day: Day) -> Result<Sealer, StoreError> {
        if let Some(key) = self.vault.known(day) {
            return Ok(key);
        }
        let mut connection = self.pool.acquire().await.map_err(error::store)?;
        let key = self.vault.writable(&mut connection, day).await?;
        let key = key.ok_or_else(|| StoreError::Internal("the key of today was dropped".into()))?;
        self.vault.remember(day, key.key.clone());
        Ok(key.key)
    }
}
