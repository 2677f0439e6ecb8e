use axum::extract::State;
use domain::{
    fault::Code,
    hooks::{MessageId, replay::ReplayMessage},
};
use http_kit::{ApiError, Reply, ValidJson};
use serde::{Deserialize, Serialize};

use crate::auth::CurrentUser;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    id: String,
}

#[derive(Serialize)]
pub(crate) struct Body {
    message_id: String,
    message_state: &'static str,
}

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
