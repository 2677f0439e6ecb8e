use async_trait::async_trait;
use domain::{
    ids::{ExternalId, InboxId, OrderId, ProviderId},
    inbox::{
        Callback, CallbackState, CallbackStore, InboxRepo, MessageSource, StoredCallback,
        StoredMessage,
    },
    orders::Order,
    providers::{SmsCode, SmsText},
    store::StoreError,
    tasks::TaskKind,
    time::Timestamp,
};

use super::{Postgres, error, store::PgUnitOfWork, tasks::millis};

/// A row of `sms_inbox`.
struct CallbackRow {
    id: i64,
    provider_id: i64,
    external_id: String,
    code: Option<String>,
    text: String,
    upstream_at: String,
    state: String,
}

impl TryFrom<CallbackRow> for StoredCallback {
    type Error = StoreError;

    fn try_from(row: CallbackRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("sms_inbox", row.id, what);
        Ok(Self {
            id: InboxId::new(row.id),
            callback: Callback {
                provider: ProviderId::new(row.provider_id),
                external_id: ExternalId::parse(&row.external_id).ok_or_else(|| bad("id"))?,
                code: row.code.map(SmsCode::from),
                text: SmsText::new(&row.text),
                received_at: row.upstream_at,
            },
            state: CallbackState::parse(&row.state).ok_or_else(|| bad("state"))?,
        })
    }
}

/// A row of `sms_messages`.
struct MessageRow {
    revision: i32,
    code: Option<String>,
    text: String,
    source: String,
    created_at: Timestamp,
}

fn message(order: OrderId, row: MessageRow) -> Result<StoredMessage, StoreError> {
    let source = MessageSource::parse(&row.source);
    Ok(StoredMessage {
        revision: row.revision,
        code: row.code.map(SmsCode::from),
        text: Some(SmsText::new(&row.text)),
        source: source.ok_or_else(|| error::corrupt("sms_messages", order, "source"))?,
        at: row.created_at,
    })
}

#[async_trait]
impl InboxRepo for PgUnitOfWork {
    async fn lock_callback(&mut self, id: InboxId) -> Result<Option<StoredCallback>, StoreError> {
        let found = sqlx::query_as!(
            CallbackRow,
            "SELECT id, provider_id, external_id, code, text, upstream_at, state
             FROM sms_inbox WHERE id = $1 FOR NO KEY UPDATE",
            id.get(),
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(found)?.map(StoredCallback::try_from).transpose()
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
            "SELECT revision, code, text, source, created_at FROM sms_messages
             WHERE user_id = $1 AND order_id = $2 ORDER BY revision",
            order.user.get(),
            order.id.get(),
        )
        .fetch_all(self.conn())
        .await;
        self.seen(rows)?.into_iter().map(|row| message(order.id, row)).collect()
    }

    async fn add_message(
        &mut self,
        order: &Order,
        message: &StoredMessage,
    ) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO sms_messages (user_id, order_id, revision, code, text, source, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            order.user.get(),
            order.id.get(),
            message.revision,
            message.code.as_ref().map(SmsCode::reveal),
            message.text.as_ref().map(SmsText::reveal),
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
        let done = sqlx::query!(
            "UPDATE sms_messages SET text = $4, source = $5
             WHERE user_id = $1 AND order_id = $2 AND revision = $3",
            order.user.get(),
            order.id.get(),
            message.revision,
            message.text.as_ref().map(SmsText::reveal),
            message.source.as_str(),
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }
}

#[async_trait]
impl CallbackStore for Postgres {
    async fn store(
        &self,
        callback: &Callback,
        at: Timestamp,
    ) -> Result<StoredCallback, StoreError> {
        // The update of nothing makes the first row visible to a repeat in the same statement.
        let row = sqlx::query_as!(
            CallbackRow,
            r#"WITH stored AS (
                   INSERT INTO sms_inbox AS i
                       (provider_id, external_id, code, text, upstream_at, created_at)
                   VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (provider_id, external_id, upstream_at, md5(text))
                       DO UPDATE SET state = i.state
                   RETURNING *
               ), told AS (
                   SELECT task_enqueue($7, id::text, $8) FROM stored
                   WHERE state IN ('PENDING', 'PARKED')
               )
               SELECT id AS "id!", provider_id AS "provider_id!", external_id AS "external_id!",
                   code, text AS "text!", upstream_at AS "upstream_at!", state AS "state!"
               FROM stored LEFT JOIN told ON true"#,
            callback.provider.get(),
            callback.external_id.as_str(),
            callback.code.as_ref().map(SmsCode::reveal),
            callback.text.reveal(),
            callback.received_at,
            at,
            TaskKind::ConfirmSms.as_str(),
            millis(Callback::HEAD_START),
        );
        row.fetch_one(&self.pool).await.map_err(error::store)?.try_into()
    }

    async fn callback(&self, id: InboxId) -> Result<Option<StoredCallback>, StoreError> {
        let row = sqlx::query_as!(
            CallbackRow,
            "SELECT id, provider_id, external_id, code, text, upstream_at, state
             FROM sms_inbox WHERE id = $1",
            id.get(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        row.map(StoredCallback::try_from).transpose()
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
            "SELECT m.revision, m.code, m.text, m.source, m.created_at
             FROM sms_messages m JOIN orders o ON o.user_id = m.user_id AND o.id = m.order_id
             WHERE o.id = $1 ORDER BY m.revision",
            order.get(),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter().map(|row| message(order, row)).collect()
    }
}
