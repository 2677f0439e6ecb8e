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

use crate::auth::CurrentUser;

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    limit: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Body {
    message_id: String,
    event: String,
    order_id: Option<OrderId>,
    message_state: &'static str,
    attempt: u32,
    trigger: &'static str,
    host: String,
    outcome: String,
    status_code: Option<u16>,
    duration_ms: u128,
    response: Option<String>,
    attempted_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
}

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
