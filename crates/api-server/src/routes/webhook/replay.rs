use axum::extract::State;
use domain::{
    fault::Code,
    hooks::{MessageId, replay::ReplayMessage},
};
use http_kit::{ApiError, Reply, ValidJson};
use serde::{Deserialize, Serialize};

use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

described! {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Which as "WhichMessage" {
        /// A `message_id` of the list of attempts.
        id: String => |it| it.example("msg_0192f3c4d5e67f8091a2b3c4d5e6f708"),
    }
}

described! {
    #[derive(Serialize)]
    pub(crate) struct Body as "Replayed" {
        /// The message.
        message_id: String,
        /// `waiting`: its next attempt is ahead.
        message_state: &'static str,
    }
}

pub(crate) const ABOUT: About = About {
    id: "replayWebhookMessage",
    group: Group::Webhooks,
    summary: "Have a message sent again",
    text: "It keeps its id, so that a server can tell that it has seen it.",
    fails: &[Code::NotFound, Code::Conflict],
};

/// Has a message sent again, under the id it always had.
pub(crate) async fn replay(
    State(replay): State<ReplayMessage>,
    user: CurrentUser,
    ValidJson(which): ValidJson<Which>,
) -> Result<Reply<Body>, ApiError> {
    // What is no id of ours names nothing.
    let id = MessageId::parse(&which.id).ok_or_else(|| ApiError::new(Code::NotFound))?;
    let message = replay.execute(Some(user.id), id).await?;
    let state = message.state.as_str();
    Ok(Reply::new(Body { message_id: message.id.to_string(), message_state: state }))
}
