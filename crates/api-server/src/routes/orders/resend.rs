use axum::extract::State;
use domain::{fault::Code, ids::OrderId, orders::resend::ResendOrder};
use http_kit::{ApiError, Reply, ValidJson};
use runtime::Supervisor;
use serde::Serialize;

use super::{Which, body::statuses};
use crate::{
    auth::CurrentUser,
    detached::detached,
    openapi::{About, Group, described},
};

described! {
    #[derive(Serialize)]
    pub(crate) struct Body as "Resent" {
        /// The order.
        order_id: OrderId,
        /// How it stands now.
        status: &'static str => statuses,
        /// That it was asked for.
        resent: bool,
    }
}

pub(crate) const ABOUT: About = About {
    id: "resendOrder",
    group: Group::Orders,
    summary: "Ask for a further SMS on the same number",
    text: "",
    fails: &[Code::NotFound, Code::Conflict, Code::ProviderError],
};

/// Asks for a further SMS on the same number.
pub(crate) async fn resend(
    State(resend_order): State<ResendOrder>,
    State(supervisor): State<Supervisor>,
    user: CurrentUser,
    ValidJson(which): ValidJson<Which>,
) -> Result<Reply<Body>, ApiError> {
    let id = which.order();
    let work = async move { resend_order.execute(user.id, id).await };
    let order = detached(&supervisor, "resend-order", work).await??;
    Ok(Reply::new(Body { order_id: order.id, status: order.status().as_str(), resent: true }))
}
