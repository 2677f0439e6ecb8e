use axum::extract::State;
use domain::{ids::OrderId, orders::cancel::CancelOrder};
use http_kit::{ApiError, Reply, ValidJson};
use runtime::Supervisor;
use serde::Serialize;

use super::Which;
use crate::{
    auth::CurrentUser,
    detached::detached,
    routes::face::{Face, MoneyBody, Receipted},
};

#[derive(Serialize)]
pub(crate) struct Body {
    order_id: OrderId,
    status: &'static str,
    refund_amount: MoneyBody,
    new_balance: MoneyBody,
}

/// Gives a number back, and its price.
pub(crate) async fn cancel(
    State(cancel_order): State<CancelOrder>,
    State(supervisor): State<Supervisor>,
    user: CurrentUser,
    face: Face,
    ValidJson(which): ValidJson<Which>,
) -> Result<Reply<Body, Receipted<()>>, ApiError> {
    let id = which.order();
    let work = async move { cancel_order.execute(user.id, id).await };
    let canceled = detached(&supervisor, "cancel-order", work).await??;
    Ok(face.reply(Body {
        order_id: canceled.order.id,
        status: canceled.order.status().as_str(),
        refund_amount: face.price(canceled.refund.get()),
        new_balance: face.balance(canceled.wallet.shown()),
    }))
}
