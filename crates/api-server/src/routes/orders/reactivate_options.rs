use axum::extract::State;
use domain::{fault::Code, ids::OrderId, orders::reactivate::ReactivateOrder};
use http_kit::{ApiError, Reply, ValidPath};
use serde::Serialize;

use crate::{
    auth::CurrentUser,
    openapi::{About, Group, described},
    routes::face::{Face, MoneyBody, Receipted},
};

described! {
    #[derive(Serialize)]
    pub(crate) struct Body as "ReactivateOptions" {
        /// What it costs now.
        cost: MoneyBody,
    }
}

pub(crate) const ABOUT: About = About {
    id: "getReactivateOptions",
    group: Group::Orders,
    summary: "Show what renting the number again costs",
    text: "",
    fails: &[Code::Conflict, Code::ProviderError],
};

/// What renting the number of an order again costs now.
pub(crate) async fn show(
    State(reactivate_order): State<ReactivateOrder>,
    user: CurrentUser,
    face: Face,
    ValidPath(id): ValidPath<i64>,
) -> Result<Reply<Body, Receipted<()>>, ApiError> {
    let cost = reactivate_order.cost(user.id, OrderId::new(id)).await?;
    Ok(face.reply(Body { cost: face.price(cost.get()) }))
}
