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
    #[serde(rename = "webhook_url")]
    url: Option<String>,
    #[serde(rename = "webhook_secret")]
    secret: Option<String>,
    #[serde(rename = "webhook_disabled_at")]
    disabled_at: Option<Timestamp>,
    #[serde(rename = "webhook_disabled_reason")]
    disabled_reason: Option<&'static str>,
    #[serde(rename = "webhook_consecutive_failures")]
    consecutive_failures: u32,
}

impl From<Endpoint> for Body {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            url: endpoint.url.map(|url| url.as_str().to_owned()),
            secret: endpoint.secret.map(|secret| secret.reveal().to_owned()),
            disabled_at: endpoint.disabled.map(|it| it.at),
            disabled_reason: endpoint.disabled.map(|it| it.reason.as_str()),
            consecutive_failures: endpoint.failures,
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
