use axum::extract::State;
use domain::{fault::Code, ids::OrderId, orders::finish::FinishOrder};
use http_kit::{ApiError, Reply, ValidJson};
use serde::Serialize;

use super::{Which, body::statuses};
use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
};

described! {
    #[derive(Serialize)]
    pub(crate) struct Body as "Finished" {
        /// The order.
        order_id: OrderId,
        /// How it stands now.
        status: &'static str => statuses,
    }
}

pub(crate) const ABOUT: About = About {
    id: "finishOrder",
    group: Group::Orders,
    summary: "Finish an order that has its SMS",
    text: "",
    fails: &[Code::NotFound, Code::Conflict],
};

/// Completes an order that has its SMS.
pub(crate) async fn finish(
    State(finish_order): State<FinishOrder>,
    user: CurrentUser,
    ValidJson(which): ValidJson<Which>,
) -> Result<Reply<Body>, ApiError> {
    let order = finish_order.execute(user.id, which.order()).await?;
    Ok(Reply::new(Body { order_id: order.id, status: order.status().as_str() }))
}
