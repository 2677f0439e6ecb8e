use axum::extract::State;
use domain::{ids::OrderId, orders::resend::ResendOrder};
use http_kit::{ApiError, Reply, ValidJson};
use runtime::Supervisor;
use serde::Serialize;

use super::Which;
use crate::{auth::CurrentUser, detached::detached};

#[derive(Serialize)]
pub(crate) struct Body {
    order_id: OrderId,
    status: &'static str,
    resent: bool,
}

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
