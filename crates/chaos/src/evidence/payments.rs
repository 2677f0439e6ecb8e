//! What each gateway knows of money, in one shape.

use anyhow::Context;
use serde_json::Value;

use super::decimal::micros_down;

/// Money that a gateway took for good.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) gateway: &'static str,
    pub(crate) id: String,
    pub(crate) topup: String,
    pub(crate) currency: String,
    /// In the units of the ledger: rupiah, or millionths of a dollar.
    pub(crate) received: i64,
    /// What was sent back of it, in the same units.
    pub(crate) refunded: i64,
    /// What a bank has taken back of it.
    pub(crate) disputed: i64,
}

/// Reads the truths of all gateways.
pub(super) fn parse(truth: &Value) -> anyhow::Result<Vec<Payment>> {
    let mut payments = Vec::new();
    for (gateway, read) in READERS {
        let orders = truth[gateway]["orders"].as_array();
        for order in orders.with_context(|| format!("no truth of {gateway}"))? {
            let found = read(order).with_context(|| format!("{gateway}: {order}"))?;
            payments.extend(found.into_iter().filter(|it| it.received > 0));
        }
    }
    Ok(payments)
}

/// What the least part of a coin is worth at most, in millionths of a dollar: who wants to pay a
/// whole number of cents in coins cannot pay closer than that.
const COIN: i64 = 1000;

type Reader = fn(&Value) -> Option<Vec<Payment>>;

const READERS: [(&str, Reader); 4] =
    [("stripe", stripe), ("heleket", heleket), ("duitku", duitku), ("btcpay", btcpay)];

fn stripe(order: &Value) -> Option<Vec<Payment>> {
    let payments = order["payments"].as_array()?.iter();
    let payment = |payment: &Value| {
        Some(Payment {
            gateway: "stripe",
            id: text(&payment["id"])?,
            topup: text(&order["order_id"])?,
            currency: text(&order["currency"])?.to_uppercase(),
            // Hundredths, which rupiah have on paper only.
            received: payment["paid"].as_i64()? / 100,
            refunded: payment["refunded"].as_i64()? / 100,
            disputed: payment["disputed"].as_i64()? / 100,
        })
    };
    payments.map(payment).collect()
}

fn heleket(order: &Value) -> Option<Vec<Payment>> {
    let is_final = order["is_final"].as_bool()?;
    Some(vec![Payment {
        gateway: "heleket",
        id: text(&order["uuid"])?,
        topup: text(&order["order_id"])?,
        currency: text(&order["currency"])?,
        received: if is_final { micros_down(&text(&order["reported"])?)? } else { 0 },
        refunded: micros_down(&text(&order["refunded"])?)?,
        disputed: 0,
    }])
}

fn duitku(order: &Value) -> Option<Vec<Payment>> {
    let id = text(&order["order_id"])?;
    Some(vec![Payment {
        gateway: "duitku",
        topup: id.clone(),
        id,
        currency: text(&order["currency"])?,
        received: order["reported"].as_i64()?,
        refunded: 0,
        disputed: 0,
    }])
}

fn btcpay(order: &Value) -> Option<Vec<Payment>> {
    let payments = order["payments"].as_array()?.iter();
    // What is put aside for the payer is ours no more, whether it was fetched or not.
    let promised = micros_down(&plain(&order["promised"]))?;
    let mut back = micros_down(&plain(&order["refunded"]))?.checked_add(promised)?;
    let payment = |payment: &Value| {
        let is_over = !matches!(payment["status"].as_str()?, "New" | "Processing");
        let asked = micros_down(&plain(&payment["amount"]))?;
        let paid = micros_down(&plain(&payment["paid"]))?;
        let paid = if (asked..=asked + COIN).contains(&paid) { asked } else { paid };
        let received = if is_over { paid } else { 0 };
        let refunded = back.min(received);
        back -= refunded;
        Some(Payment {
            gateway: "btcpay",
            id: text(&payment["id"])?,
            topup: text(&order["order_id"])?,
            currency: text(&order["currency"])?,
            received,
            refunded,
            disputed: 0,
        })
    };
    payments.map(payment).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A text as it is, anything else as it is written.
fn plain(value: &Value) -> String {
    text(value).unwrap_or_else(|| value.to_string())
}
