use axum::extract::State;
use domain::{ids::OrderId, orders::finish::FinishOrder};
use http_kit::{ApiError, Reply, ValidJson};
use serde::Serialize;

use super::Which;
use crate::auth::CurrentUser;

#[derive(Serialize)]
pub(crate) struct Body {
    order_id: OrderId,
    status: &'static str,
}

/// Completes an order that has its SMS.
pub(crate) async fn finish(
    State(finish_order): State<FinishOrder>,
    user: CurrentUser,
    ValidJson(which): ValidJson<Which>,
) -> Result<Reply<Body>, ApiError> {
    let order = finish_order.execute(user.id, which.order()).await?;
    Ok(Reply::new(Body { order_id: order.id, status: order.status().as_str() }))
}
