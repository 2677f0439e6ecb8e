use axum::extract::State;
use domain::{ids::OrderId, orders::reactivate::ReactivateOrder};
use http_kit::{ApiError, Reply, ValidPath};
use serde::Serialize;

use crate::{
    auth::CurrentUser,
    routes::face::{Face, MoneyBody, Receipted},
};

#[derive(Serialize)]
pub(crate) struct Body {
    cost: MoneyBody,
}

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
