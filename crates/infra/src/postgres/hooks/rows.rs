//! Between the columns of the webhook tables and the domain's types.

use std::time::Duration;

use domain::{
    hooks::{
        About, Attempt, DisableReason, Disabled, Endpoint, HookSecret, HookUrl, Message, MessageId,
        MessageState, Trigger,
    },
    ids::{OrderId, UserId},
    outbox::EventKind,
    store::StoreError,
    time::Timestamp,
};
use uuid::Uuid;

use crate::{crypto::Sealer, postgres::error};

/// A row of `webhook_endpoints`.
pub(super) struct EndpointRow {
    pub(super) user_id: i64,
    pub(super) url: Option<String>,
    pub(super) secret_sealed: Option<Vec<u8>>,
    pub(super) disabled_at: Option<Timestamp>,
    pub(super) disabled_reason: Option<String>,
    pub(super) failures: i32,
    pub(super) version: i64,
}

impl EndpointRow {
    pub(super) fn open(self, sealer: &Sealer) -> Result<Endpoint, StoreError> {
        let bad = |what| error::corrupt("webhook_endpoints", self.user_id, what);
        let url = self.url.map(|url| HookUrl::parse(&url).ok_or_else(|| bad("url")));
        let secret = self.secret_sealed.map(|sealed| {
            let open = sealer.open(&secret_purpose(self.user_id), &sealed);
            let text = open.ok().and_then(|it| HookSecret::parse(std::str::from_utf8(&it).ok()?));
            text.ok_or_else(|| bad("secret_sealed"))
        });
        let reason = self
            .disabled_reason
            .map(|reason| DisableReason::parse(&reason).ok_or_else(|| bad("disabled_reason")));
        let disabled = self.disabled_at.zip(reason.transpose()?);
        Ok(Endpoint {
            user: UserId::new(self.user_id),
            url: url.transpose()?,
            secret: secret.transpose()?,
            disabled: disabled.map(|(at, reason)| Disabled { at, reason }),
            failures: u32::try_from(self.failures).map_err(|_| bad("failures"))?,
            version: self.version,
        })
    }
}

/// A sealed secret opens as that of its customer and of nobody else.
pub(super) fn secret_purpose(user: i64) -> String {
    format!("webhook.secret:{user}")
}

/// The same for what the server of a customer answered to an attempt.
fn response_purpose(message: Uuid, number: i32) -> String {
    format!("webhook.response:{message}:{number}")
}

/// Encrypts what a server answered.
pub(super) fn seal_response(
    sealer: &Sealer,
    attempt: &Attempt,
) -> Result<Option<Vec<u8>>, StoreError> {
    let purpose = response_purpose(attempt.message.get(), count(attempt.number));
    let response = attempt.response.as_ref();
    let response = response.map(|text| sealer.seal(&purpose, text.as_bytes()));
    response.transpose().map_err(|error| StoreError::Internal(error.into()))
}

/// A row of `webhook_messages`.
pub(super) struct MessageRow {
    pub(super) id: Uuid,
    pub(super) user_id: i64,
    pub(super) kind: String,
    pub(super) order_id: Option<i64>,
    pub(super) revision: Option<i32>,
    pub(super) resend_from: Option<Timestamp>,
    pub(super) occurred_at: Timestamp,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) state: String,
    pub(super) attempts: i32,
    pub(super) round: i32,
    pub(super) trigger: String,
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        let bad = |what| error::corrupt("webhook_messages", row.id, what);
        let about = match row.order_id {
            None if row.kind == About::TEST => About::Test,
            None => return Err(bad("order_id")),
            Some(order) => About::Order {
                event: EventKind::parse(&row.kind).ok_or_else(|| bad("kind"))?,
                order: OrderId::new(order),
                revision: row.revision,
                resend_from: row.resend_from,
            },
        };
        Ok(Self {
            id: MessageId::new(row.id),
            user: UserId::new(row.user_id),
            about,
            at: row.occurred_at,
            expires_at: row.expires_at,
            state: MessageState::parse(&row.state).ok_or_else(|| bad("state"))?,
            attempts: u32::try_from(row.attempts).map_err(|_| bad("attempts"))?,
            round: u32::try_from(row.round).map_err(|_| bad("round"))?,
            trigger: Trigger::parse(&row.trigger).ok_or_else(|| bad("trigger"))?,
        })
    }
}

/// A row of `webhook_attempts`.
pub(super) struct AttemptRow {
    pub(super) message_id: Uuid,
    pub(super) number: i32,
    pub(super) user_id: i64,
    pub(super) trigger: String,
    pub(super) host: String,
    pub(super) outcome: String,
    pub(super) status: Option<i16>,
    pub(super) took_ms: i32,
    pub(super) response_sealed: Option<Vec<u8>>,
    pub(super) next_at: Option<Timestamp>,
    pub(super) at: Timestamp,
}

impl AttemptRow {
    pub(super) fn open(self, sealer: &Sealer) -> Result<Attempt, StoreError> {
        let bad = |what| error::corrupt("webhook_attempts", self.message_id, what);
        let purpose = response_purpose(self.message_id, self.number);
        let response = self.response_sealed.map(|sealed| {
            let open = sealer.open(&purpose, &sealed).ok();
            let text = open.and_then(|it| String::from_utf8(it.to_vec()).ok());
            text.ok_or_else(|| bad("response_sealed"))
        });
        Ok(Attempt {
            message: MessageId::new(self.message_id),
            user: UserId::new(self.user_id),
            number: u32::try_from(self.number).map_err(|_| bad("number"))?,
            trigger: Trigger::parse(&self.trigger).ok_or_else(|| bad("trigger"))?,
            host: self.host,
            outcome: self.outcome,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            took: Duration::from_millis(u64::from(self.took_ms.unsigned_abs())),
            response: response.transpose()?,
            next_at: self.next_at,
            at: self.at,
        })
    }
}

/// A count as a column.
pub(super) fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
