use async_trait::async_trait;
use domain::{
    hooks::{Attempt, Endpoint, HookRepo, Message, MessageId},
    ids::UserId,
    store::StoreError,
    time::Timestamp,
};

use super::rows::{EndpointRow, MessageRow, count, seal_response, secret_purpose};
use crate::postgres::store::PgUnitOfWork;

#[async_trait]
impl HookRepo for PgUnitOfWork {
    async fn open_endpoint(&mut self, user: UserId) -> Result<Endpoint, StoreError> {
        let done = sqlx::query!(
            "INSERT INTO webhook_endpoints (user_id) VALUES ($1) ON CONFLICT DO NOTHING",
            user.get(),
        )
        .execute(self.conn())
        .await;
        self.seen(done)?;
        Ok(self.lock_endpoint(user).await?.unwrap_or_else(|| Endpoint::unset(user)))
    }

    async fn lock_endpoint(&mut self, user: UserId) -> Result<Option<Endpoint>, StoreError> {
        let row = sqlx::query_as!(
            EndpointRow,
            "SELECT user_id, url, secret_sealed, disabled_at, disabled_reason, failures, version
             FROM webhook_endpoints WHERE user_id = $1 FOR NO KEY UPDATE",
            user.get(),
        )
        .fetch_optional(self.conn())
        .await;
        let row = self.seen(row)?;
        row.map(|row| row.open(self.sealer())).transpose()
    }

    async fn update_endpoint(
        &mut self,
        endpoint: &Endpoint,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let purpose = secret_purpose(endpoint.user.get());
        let seal = |secret: &domain::hooks::HookSecret| {
            self.sealer().seal(&purpose, secret.reveal().as_bytes())
        };
        let sealed = endpoint.secret.as_ref().map(seal).transpose();
        let sealed = sealed.map_err(|error| StoreError::Internal(error.into()))?;
        let done = sqlx::query!(
            "UPDATE webhook_endpoints SET url = $2, secret_sealed = $3, disabled_at = $4,
                 disabled_reason = $5, failures = $6, version = $7, updated_at = $8
             WHERE user_id = $1",
            endpoint.user.get(),
            endpoint.url.as_ref().map(domain::hooks::HookUrl::as_str),
            sealed,
            endpoint.disabled.map(|it| it.at),
            endpoint.disabled.map(|it| it.reason.as_str()),
            count(endpoint.failures),
            endpoint.version,
            at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn trials_since(&mut self, user: UserId, since: Timestamp) -> Result<u32, StoreError> {
        let trials = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM webhook_messages
               WHERE user_id = $1 AND created_at > $2 AND kind = 'webhook.test'"#,
            user.get(),
            since,
        )
        .fetch_one(self.conn())
        .await;
        Ok(u32::try_from(self.seen(trials)?).unwrap_or(u32::MAX))
    }

    async fn add_trial(&mut self, message: &Message) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "INSERT INTO webhook_messages (id, user_id, kind, occurred_at, state, attempts, round,
                 trigger, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $4, $4)",
            message.id.get(),
            message.user.get(),
            message.about.name(),
            message.at,
            message.state.as_str(),
            count(message.attempts),
            count(message.round),
            message.trigger.as_str(),
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn lock_message(&mut self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let row = sqlx::query_as!(
            MessageRow,
            "SELECT id, user_id, kind, order_id, revision, resend_from, occurred_at, expires_at,
                 state, attempts, round, trigger
             FROM webhook_messages WHERE id = $1 FOR NO KEY UPDATE",
            id.get(),
        )
        .fetch_optional(self.conn())
        .await;
        self.seen(row)?.map(Message::try_from).transpose()
    }

    async fn update_message(&mut self, message: &Message, at: Timestamp) -> Result<(), StoreError> {
        let done = sqlx::query!(
            "UPDATE webhook_messages SET expires_at = $2, state = $3, attempts = $4, round = $5,
                 trigger = $6, changed_at = $7
             WHERE id = $1",
            message.id.get(),
            message.expires_at,
            message.state.as_str(),
            count(message.attempts),
            count(message.round),
            message.trigger.as_str(),
            at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }

    async fn add_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let sealed = seal_response(self.sealer(), attempt)?;
        let done = sqlx::query!(
            "INSERT INTO webhook_attempts (message_id, number, user_id, trigger, host, outcome,
                 status, took_ms, response_sealed, next_at, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            attempt.message.get(),
            count(attempt.number),
            attempt.user.get(),
            attempt.trigger.as_str(),
            attempt.host,
            attempt.outcome,
            attempt.status.and_then(|status| i16::try_from(status).ok()),
            i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX),
            sealed,
            attempt.next_at,
            attempt.at,
        )
        .execute(self.conn())
        .await;
        self.seen(done).map(drop)
    }
}
