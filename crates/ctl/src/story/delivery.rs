use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::json;

use super::{
    api::{self, Product, text},
    events::Events,
    stage::{Stage, rupiah},
};

/// From the sender's SMS to the customer's screen it takes milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(20);
const CODE: &str = "482913";

/// Buys a number, gets the code through the event stream, and is done; answers what it cost.
pub(super) async fn buy_and_receive(
    stage: &Stage,
    events: &mut Events,
    product: &Product,
) -> anyhow::Result<i64> {
    let order = api::buy(stage, product).await?;
    let (id, price) = (order.id, rupiah(order.price));
    let seller = api::seller(stage, &order).await?;
    events.wait_for("order.active", id, PATIENCE).await?;
    let what = format!("buys {} from {seller} for {price}: order {id}", order.phone);
    stage.tell(&what).await?;

    let sms = format!("Your WhatsApp code: {CODE}");
    let sent = Instant::now();
    stage.sandbox.post("/control/sms", &json!({ "phone": order.phone, "text": sms })).await?;
    let body = events.wait_for("order.otp_received", id, PATIENCE).await?;
    let took = sent.elapsed().as_millis();
    let code = text(&body, "/otp_code")?;
    ensure!(code == CODE, "the stream shows {code} instead of {CODE}");
    stage
        .tell(&format!("an SMS is sent; {took} ms later the stream shows the code {code}"))
        .await?;

    stage.api.post("/v1/orders/finish", &json!({ "id": id })).await?;
    events.wait_for("order.completed", id, PATIENCE).await?;
    stage.tell(&format!("finishes order {id}")).await?;
    Ok(order.price)
}
