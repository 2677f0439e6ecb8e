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

use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

described! {
    /// At least one of the two.
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Change as "WebhookChange" {
        /// An https address that everybody can reach; an empty text clears it.
        webhook_url: Option<String> => |it| it.example("https://shop.example/hooks"),
        /// What messages are signed with, up to 256 characters; an empty text clears it. Without
        /// one, the first address is given one.
        webhook_secret: Option<String>,
    }
}

described! {
    #[derive(Serialize)]
    #[expect(clippy::struct_field_names, reason = "the contract publishes them so")]
    pub(crate) struct Body as "Webhook" {
        /// Where messages go; null where none are sent.
        webhook_url: Option<String>,
        /// What they are signed with.
        webhook_secret: Option<String>,
        /// When deliveries stopped because they failed.
        webhook_disabled_at: Option<Timestamp>,
        /// Why.
        webhook_disabled_reason: Option<&'static str>,
        /// Failures since the last success; ten of them end deliveries.
        webhook_consecutive_failures: u32,
    }
}

pub(crate) const SHOW: About = About {
    id: "getWebhook",
    group: Group::Webhooks,
    summary: "Show where your server is told",
    text: "",
    fails: &[],
};

pub(crate) const UPDATE: About = About {
    id: "updateWebhook",
    group: Group::Webhooks,
    summary: "Change where your server is told",
    text: "Deliveries begin again, and failures are counted anew.",
    fails: &[],
};

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
