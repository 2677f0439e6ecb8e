use anyhow::ensure;
use serde_json::json;

use super::{
    api::{self, Order, Product},
    stage::{Stage, rupiah},
};

/// The provider that is asked first, because it is the cheapest.
const CHEAPEST: &str = "alpha";

/// Buys while the cheapest provider has nothing: the next one serves.
pub(super) async fn buy_elsewhere(stage: &Stage, product: &Product) -> anyhow::Result<Order> {
    let faults = format!("/control/providers/{CHEAPEST}/faults");
    stage.sandbox.post(&faults, &json!({ "no_numbers": true })).await?;
    stage
        .tell(&format!("{CHEAPEST} runs out of numbers, and its price list does not say so"))
        .await?;
    let order = api::buy(stage, product).await?;
    let seller = api::seller(stage, &order).await?;
    ensure!(seller != CHEAPEST, "{CHEAPEST} sold a number that it does not have");
    stage.sandbox.post(&faults, &json!({})).await?;
    let price = rupiah(order.price);
    stage
        .tell(&format!("buys all the same: {seller} serves order {} for {price}", order.id))
        .await?;
    Ok(order)
}
