use std::time::Duration;

use async_trait::async_trait;
use domain::{
    hooks::{
        AttemptView, Delivery, Endpoint, HookQueries, HookVitals, Message, MessageId, MessageState,
        Places,
    },
    ids::{OrderId, UserId},
    store::StoreError,
};

use super::rows::{AttemptRow, EndpointRow, MessageRow};
use crate::postgres::{Postgres, error};

#[async_trait]
impl HookQueries for Postgres {
    async fn endpoint(&self, user: UserId) -> Result<Option<Endpoint>, StoreError> {
        let row = sqlx::query_as!(
            EndpointRow,
            "SELECT user_id, url, secret_sealed, disabled_at, disabled_reason, failures, version
             FROM webhook_endpoints WHERE user_id = $1",
            user.get(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        row.map(|row| row.open(&self.sealer)).transpose()
    }

    async fn delivery(&self, id: MessageId) -> Result<Option<Delivery>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT m.id, m.user_id, m.kind, m.order_id, m.revision, m.resend_from,
                      m.occurred_at, m.expires_at, m.state, m.attempts, m.round, m.trigger,
                      w.url, w.secret_sealed, w.disabled_at, w.disabled_reason, w.failures,
                      w.version, c.name AS "country?", s.name AS "platform?"
               FROM webhook_messages m
               JOIN webhook_endpoints w ON w.user_id = m.user_id
               LEFT JOIN orders o ON o.user_id = m.user_id AND o.id = m.order_id
               LEFT JOIN catalog_products p ON p.id = o.catalog_product_id
               LEFT JOIN countries c ON c.id = p.country_id
               LEFT JOIN services s ON s.id = p.service_id
               WHERE m.id = $1"#,
            id.get(),
        );
        let row = row.fetch_optional(&self.pool).await.map_err(error::store)?;
        let Some(row) = row else { return Ok(None) };
        let endpoint = EndpointRow {
            user_id: row.user_id,
            url: row.url,
            secret_sealed: row.secret_sealed,
            disabled_at: row.disabled_at,
            disabled_reason: row.disabled_reason,
            failures: row.failures,
            version: row.version,
        };
        let message = MessageRow {
            id: row.id,
            user_id: row.user_id,
            kind: row.kind,
            order_id: row.order_id,
            revision: row.revision,
            resend_from: row.resend_from,
            occurred_at: row.occurred_at,
            expires_at: row.expires_at,
            state: row.state,
            attempts: row.attempts,
            round: row.round,
            trigger: row.trigger,
        };
        let places = row.country.zip(row.platform);
        Ok(Some(Delivery {
            message: message.try_into()?,
            endpoint: Some(endpoint.open(&self.sealer)?),
            places: places.map(|(country, platform)| Places { country, platform }),
        }))
    }

    async fn attempts(&self, user: UserId, limit: u32) -> Result<Vec<AttemptView>, StoreError> {
        let rows = sqlx::query!(
            "SELECT a.message_id, a.number, a.user_id, a.trigger, a.host, a.outcome, a.status,
                    a.took_ms, a.response_sealed, a.next_at, a.at, m.kind, m.order_id, m.state
             FROM webhook_attempts a JOIN webhook_messages m ON m.id = a.message_id
             WHERE a.user_id = $1 ORDER BY a.at DESC, a.number DESC LIMIT $2",
            user.get(),
            i64::from(limit),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        let views = rows.into_iter().map(|row| {
            let bad = || error::corrupt("webhook_messages", row.message_id, "state");
            let state = MessageState::parse(&row.state).ok_or_else(bad)?;
            let attempt = AttemptRow {
                message_id: row.message_id,
                number: row.number,
                user_id: row.user_id,
                trigger: row.trigger,
                host: row.host,
                outcome: row.outcome,
                status: row.status,
                took_ms: row.took_ms,
                response_sealed: row.response_sealed,
                next_at: row.next_at,
                at: row.at,
            };
            Ok(AttemptView {
                attempt: attempt.open(&self.sealer)?,
                event: row.kind,
                order: row.order_id.map(OrderId::new),
                state,
            })
        });
        views.collect()
    }

    async fn messages(&self, user: UserId, limit: u32) -> Result<Vec<Message>, StoreError> {
        let rows = sqlx::query_as!(
            MessageRow,
            "SELECT id, user_id, kind, order_id, revision, resend_from, occurred_at, expires_at,
                 state, attempts, round, trigger
             FROM webhook_messages WHERE user_id = $1 ORDER BY created_at DESC, seq DESC LIMIT $2",
            user.get(),
            i64::from(limit),
        );
        let rows = rows.fetch_all(&self.pool).await.map_err(error::store)?;
        rows.into_iter().map(Message::try_from).collect()
    }

    async fn hook_vitals(&self) -> Result<HookVitals, StoreError> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "waiting!",
                   (coalesce(extract(epoch FROM now() - min(created_at)
                       FILTER (WHERE attempts = 0)), 0) * 1000)::bigint AS "untried_ms!",
                   (SELECT count(*) FROM webhook_endpoints
                    WHERE url IS NOT NULL AND disabled_at IS NULL) AS "active!",
                   (SELECT count(*) FROM webhook_endpoints
                    WHERE url IS NOT NULL AND disabled_at IS NOT NULL) AS "disabled!"
               FROM webhook_messages WHERE state = 'waiting'"#
        );
        let row = row.fetch_one(&self.pool).await.map_err(error::store)?;
        Ok(HookVitals {
            waiting: row.waiting,
            oldest_untried: Duration::from_millis(row.untried_ms.unsigned_abs()),
            active: row.active,
            disabled: row.disabled,
        })
    }
}
