use axum::extract::State;
use domain::{
    hooks::{
        Endpoint,
        configure::{ConfigureEndpoint, EndpointChange},
    },
    time::Timestamp,
};
use http_kit::{ApiError, Reply, ValidJson};
use serde::{Deserialize, Serialize};

use crate::auth::CurrentUser;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    webhook_url: Option<String>,
    webhook_secret: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Body {
    webhook_url: Option<String>,
    webhook_secret: Option<String>,
    webhook_disabled_at: Option<Timestamp>,
    webhook_disabled_reason: Option<&'static str>,
    webhook_consecutive_failures: u32,
}

impl From<Endpoint> for Body {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            webhook_url: endpoint.url.map(|url| url.as_str().to_owned()),
            webhook_secret: endpoint.secret.map(|secret| secret.reveal().to_owned()),
            webhook_disabled_at: endpoint.disabled.map(|it| it.at),
            webhook_disabled_reason: endpoint.disabled.map(|it| it.reason.as_str()),
            webhook_consecutive_failures: endpoint.failures,
        }
    }
}

/// The caller's endpoint.
pub(crate) async fn show(
    State(configure): State<ConfigureEndpoint>,
    user: CurrentUser,
) -> Result<Reply<Body>, ApiError> {
    Ok(Reply::new(configure.show(user.id).await?.into()))
}

/// Changes the caller's endpoint; deliveries begin again.
pub(crate) async fn update(
    State(configure): State<ConfigureEndpoint>,
    user: CurrentUser,
    ValidJson(change): ValidJson<Change>,
) -> Result<Reply<Body>, ApiError> {
    let change = EndpointChange { url: change.webhook_url, secret: change.webhook_secret };
    Ok(Reply::new(configure.change(user.id, change).await?.into()))
}
