use axum::extract::State;
use domain::{fault::Code, ids::OrderId, orders::cancel::CancelOrder};
use http_kit::{ApiError, Reply, ValidJson};
use runtime::Supervisor;
use serde::Serialize;

use super::{Which, body::statuses};
use crate::{
    auth::CurrentUser,
    detached::detached,
    openapi::{About, Group, described},
    routes::face::{Face, MoneyBody, Receipted},
};

described! {
    #[derive(Serialize)]
    pub(crate) struct Body as "Canceled" {
        /// The order.
        order_id: OrderId,
        /// How it stands now.
        status: &'static str => statuses,
        /// What came back.
        refund_amount: MoneyBody,
        /// What can be spent now.
        new_balance: MoneyBody,
    }
}

pub(crate) const ABOUT: About = About {
    id: "cancelOrder",
    group: Group::Orders,
    summary: "Give a number back, and have its price back",
    text: "Possible while no SMS has arrived and the order's `cancel_available_at` is over, and so many \
           times in 24 hours; beyond that the order runs on, and is refunded if nothing arrives.",
    fails: &[Code::NotFound, Code::Conflict, Code::CancelTooEarly, Code::ProviderError],
};

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
