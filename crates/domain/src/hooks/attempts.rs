//! Putting down how an attempt ended.

use super::{Attempt, Endpoint, Message, Sent, Trigger};
use crate::{
    store::{StoreError, UnitOfWork},
    time::Timestamp,
};

/// Describes an attempt to deliver `message`, which was its latest.
pub(super) fn attempt(
    message: &Message,
    trigger: Trigger,
    sent: &Sent,
    next_at: Option<Timestamp>,
    at: Timestamp,
) -> Attempt {
    Attempt {
        message: message.id,
        user: message.user,
        number: message.attempts,
        trigger,
        host: sent.host.clone(),
        outcome: sent.outcome.as_str().to_owned(),
        status: sent.outcome.status(),
        took: sent.took,
        response: sent.response.clone(),
        next_at,
        at,
    }
}

/// Counts an attempt for or against the endpoint that it was sent to; one that its owner has
/// changed since begins anew. Answers with the endpoint as it is now.
pub(super) async fn judge(
    uow: &mut (dyn UnitOfWork + '_),
    to: &Endpoint,
    sent: &Sent,
    at: Timestamp,
) -> Result<Option<Endpoint>, StoreError> {
    let Some(mut endpoint) = uow.hooks().lock_endpoint(to.user).await? else { return Ok(None) };
    if endpoint.version != to.version {
        return Ok(Some(endpoint));
    }
    let before = endpoint.clone();
    if sent.outcome.is_success() {
        endpoint.succeeded();
    } else if endpoint.failed(sent.outcome.is_gone(), at) {
        tracing::warn!(user.id = %to.user, "the webhook of customer {} is disabled", to.user);
    }
    if endpoint != before {
        uow.hooks().update_endpoint(&endpoint, at).await?;
    }
    Ok(Some(endpoint))
}
