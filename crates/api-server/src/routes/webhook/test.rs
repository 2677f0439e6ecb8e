use axum::extract::State;
use domain::hooks::trial::TryEndpoint;
use http_kit::{ApiError, Reply};
use serde::Serialize;

use crate::auth::CurrentUser;

#[derive(Serialize)]
pub(crate) struct Body {
    status_code: u16,
}

/// Sends a message that tells of nothing, and answers with the status that came back.
pub(crate) async fn send(
    State(trial): State<TryEndpoint>,
    user: CurrentUser,
) -> Result<Reply<Body>, ApiError> {
    Ok(Reply::new(Body { status_code: trial.execute(user.id).await? }))
}
