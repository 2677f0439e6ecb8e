use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{
    api::{self, Order, Product},
    events::Events,
    stage::{Stage, rupiah},
};

/// Ending an order takes a second; a machine that is busy building takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Buys a number to which nobody will send anything.
pub(super) async fn buy_in_vain(stage: &Stage, product: &Product) -> anyhow::Result<Order> {
    let order = api::buy(stage, product).await?;
    let (id, price) = (order.id, rupiah(order.price));
    stage
        .tell(&format!("buys {} for {price}: order {id}, to which no SMS will come", order.phone))
        .await?;
    Ok(order)
}

/// Cancels as soon as that is allowed; the money comes back.
pub(super) async fn cancel(
    stage: &Stage,
    events: &mut Events,
    order: &Order,
) -> anyhow::Result<()> {
    let path = format!("/v1/orders/{}", order.id);
    let allowed = async {
        loop {
            let body = stage.api.get(&path).await?;
            if body.pointer("/data/can_cancel").and_then(Value::as_bool) == Some(true) {
                return anyhow::Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
    };
    timeout(stage.terms.min_cancel + PATIENCE, allowed).await??;
    stage.api.post("/v1/orders/cancel", &json!({ "id": order.id })).await?;
    events.wait_for("order.canceled", order.id, PATIENCE).await?;
    stage.tell(&format!("cancels order {}: {} come back", order.id, rupiah(order.price))).await
}

/// Waits until the window of an order is over; the money comes back.
pub(super) async fn expire(
    stage: &Stage,
    events: &mut Events,
    order: &Order,
) -> anyhow::Result<()> {
    stage.tell(&format!("waits for the end of order {}", order.id)).await?;
    let patience = stage.terms.lifetime + PATIENCE;
    let began = Instant::now();
    events.wait_for("order.expired", order.id, patience).await?;
    let waited = began.elapsed().as_secs();
    let price = rupiah(order.price);
    stage.tell(&format!("{waited} s later order {} expired: {price} come back", order.id)).await
}
