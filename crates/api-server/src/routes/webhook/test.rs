use axum::extract::State;
use domain::{fault::Code, hooks::trial::TryEndpoint};
use http_kit::{ApiError, Reply};
use serde::Serialize;

use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

described! {
    #[derive(Serialize)]
    pub(crate) struct Body as "Tried" {
        /// What your server answered.
        status_code: u16,
    }
}

pub(crate) const ABOUT: About = About {
    id: "testWebhook",
    group: Group::Webhooks,
    summary: "Try your server",
    text: "Sends `webhook.test`. Three tries in a minute.",
    fails: &[Code::ValidationError],
};

/// Sends a message that tells of nothing, and answers with the status that came back.
pub(crate) async fn send(
    State(trial): State<TryEndpoint>,
    user: CurrentUser,
) -> Result<Reply<Body>, ApiError> {
    Ok(Reply::new(Body { status_code: trial.execute(user.id).await? }))
}
