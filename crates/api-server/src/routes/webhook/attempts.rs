use std::sync::Arc;

use axum::extract::State;
use domain::{
    fault::FieldFault,
    hooks::{AttemptView, HookQueries},
    ids::OrderId,
    time::Timestamp,
};
use http_kit::{ApiError, Reply, ValidQuery};
use serde::{Deserialize, Serialize};

use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

described! {
    #[derive(Deserialize)]
    pub(crate) struct Parameters {
        /// Most attempts to list.
        limit: Option<i64> => |it| {
            it.at_least(1).at_most(MAX_LIMIT).usually(i64::from(DEFAULT_LIMIT))
        },
    }
}

described! {
    /// One try to reach your server.
    #[derive(Serialize)]
    pub(crate) struct Body as "Attempt" {
        /// Which message, as in its header `webhook-id`.
        message_id: String => |it| it.example("msg_0192f3c4d5e67f8091a2b3c4d5e6f708"),
        /// What it tells.
        event: String => |it| it.example("order.otp_received"),
        /// Of which order; null for tests.
        order_id: Option<OrderId>,
        /// What became of it: waiting, delivered, failed, expired or dropped.
        message_state: &'static str,
        /// Which try of that message, from 1.
        attempt: u32,
        /// Why it was made: schedule, replay or test.
        trigger: &'static str,
        /// The name of the server, without the rest of its address.
        host: String,
        /// How it ended: delivered, redirected, refused, `timed_out`, unreachable,
        /// untrusted or blocked.
        outcome: String,
        /// What the server answered; null if nothing came.
        status_code: Option<u16>,
        /// How long it took.
        duration_ms: u128,
        /// What the answer began with.
        response: Option<String>,
        /// When it was made.
        attempted_at: Timestamp,
        /// When the next one is due, if there will be one.
        next_attempt_at: Option<Timestamp>,
    }
}

pub(crate) const ABOUT: About = About {
    id: "listWebhookAttempts",
    group: Group::Webhooks,
    summary: "List attempts to reach your server",
    text: "Newest first.",
    fails: &[],
};

impl From<AttemptView> for Body {
    fn from(AttemptView { attempt, event, order, state }: AttemptView) -> Self {
        Self {
            message_id: attempt.message.to_string(),
            event,
            order_id: order,
            message_state: state.as_str(),
            attempt: attempt.number,
            trigger: attempt.trigger.as_str(),
            host: attempt.host,
            outcome: attempt.outcome,
            status_code: attempt.status,
            duration_ms: attempt.took.as_millis(),
            response: attempt.response,
            attempted_at: attempt.at,
            next_attempt_at: attempt.next_at,
        }
    }
}

/// The latest attempts to reach the caller's server, newest first.
pub(crate) async fn list(
    State(hooks): State<Arc<dyn HookQueries>>,
    user: CurrentUser,
    ValidQuery(query): ValidQuery<Parameters>,
) -> Result<Reply<Vec<Body>>, ApiError> {
    let limit = query.limit.map_or(Some(DEFAULT_LIMIT), |limit| {
        u32::try_from(limit).ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
    });
    let range = || FieldFault::new("limit", format!("must be 1 to {MAX_LIMIT}"));
    let limit = limit.ok_or_else(|| ApiError::validation(&[range()]))?;
    let attempts = hooks.attempts(user.id, limit).await?;
    Ok(Reply::new(attempts.into_iter().map(Body::from).collect()))
}
