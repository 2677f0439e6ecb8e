//! Compares our books with those of the outside world.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sqlx::FromRow;

use super::stack::{PROVIDERS, Stack};

/// An order as it is stored.
#[derive(Debug, FromRow)]
struct Stored {
    id: i64,
    user_id: i64,
    state: String,
    price: i64,
    provider: String,
    external_id: Option<String>,
    phone: Option<String>,
    cost_micros: i64,
    upstream_open: bool,
    sms_revision: i32,
}

/// A wallet and what should be in it: everything paid in less everything earned from it.
#[derive(Debug, FromRow)]
struct Wallet {
    user_id: i64,
    available: i64,
    held: i64,
    paid_in: i64,
}

/// How often an order was told of in one way.
#[derive(Debug, FromRow)]
struct Told {
    order_id: i64,
    kind: String,
    times: i64,
    unstamped: i64,
}

const ORDERS: &str = "SELECT o.id, o.user_id, o.state, o.price, p.code AS provider, o.external_id,
        o.phone, o.cost_micros, o.upstream_open, o.sms_revision
    FROM orders o JOIN providers p ON p.id = o.provider_id";

const WALLETS: &str = "SELECT w.user_id, w.available, w.held, (
        SELECT coalesce(sum(t.amount), 0)::bigint FROM ledger.transfers t
        WHERE t.wallet_user = w.user_id AND t.to_class = 'available' AND t.from_class <> 'held'
    ) - (
        SELECT coalesce(sum(t.amount), 0)::bigint FROM ledger.transfers t
        WHERE t.wallet_user = w.user_id AND t.from_class = 'available' AND t.to_class <> 'held'
    ) AS paid_in FROM ledger.wallets w";

const EVENTS: &str = "SELECT order_id, kind, count(*) AS times,
        count(*) FILTER (WHERE seq IS NULL) AS unstamped
    FROM events GROUP BY order_id, kind";

/// Everything in which we, our providers and our events contradict each other.
pub(super) async fn contradictions(stack: &Stack) -> Vec<String> {
    let pool = stack.database.pool();
    // The world first: what it tells of an order must be in our books by now.
    let state = stack.sandbox.state().await;
    let orders: Vec<Stored> = sqlx::query_as(ORDERS).fetch_all(pool).await.unwrap();
    let wallets: Vec<Wallet> = sqlx::query_as(WALLETS).fetch_all(pool).await.unwrap();
    let events: Vec<Told> = sqlx::query_as(EVENTS).fetch_all(pool).await.unwrap();
    let mut found = activations(&state, &orders, stack.loses_last_codes);
    found.extend(wallets.iter().filter_map(|wallet| money(wallet, &orders)));
    found.extend(orders.iter().flat_map(|order| told(order, &events)));
    found
}

fn activations(state: &Value, orders: &[Stored], lenient: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut ours: HashMap<(&str, &str), &Stored> = HashMap::new();
    for order in orders {
        if order.state == "RESERVING" {
            found.push(format!("order {} is not settled", order.id));
        }
        if order.upstream_open && !matches!(order.state.as_str(), "ACTIVE" | "OTP_RECEIVED") {
            found.push(format!("order {} is over, its provider does not know", order.id));
        }
        let Some(external) = &order.external_id else { continue };
        if let Some(other) = ours.insert((&order.provider, external), order) {
            found.push(format!("orders {} and {} share a number", order.id, other.id));
        }
    }
    let mut seen = HashSet::new();
    for provider in PROVIDERS {
        for activation in state["providers"][provider]["activations"].as_array().unwrap() {
            let id = activation["id"].to_string();
            let order = ours.get(&(provider, id.as_str())).copied();
            seen.extend(order.map(|order| order.id));
            found.extend(pair(provider, activation, order, lenient));
        }
    }
    // What is bought in test mode nobody outside knows of.
    let unseen = ours.values().filter(|it| it.provider != "test" && !seen.contains(&it.id));
    found.extend(
        unseen.map(|it| format!("{} did not sell the number of order {}", it.provider, it.id)),
    );
    found
}

/// What does not fit between an activation and the order that owns it.
fn pair(
    provider: &str,
    activation: &Value,
    order: Option<&Stored>,
    lenient: bool,
) -> Option<String> {
    let status = activation["status"].as_str().unwrap();
    let wanted: &[&str] = match status {
        "WAITING" => &["ACTIVE"],
        "RECEIVED" | "WAIT_RETRY" => &["OTP_RECEIVED"],
        // Its window may end there a moment before it does here.
        "FINISHED" => &["COMPLETED", "OTP_RECEIVED"],
        _ => &["CANCELED", "EXPIRED"],
    };
    let id = &activation["id"];
    let Some(order) = order else {
        let is_over = matches!(status, "CANCELLED" | "EXPIRED");
        return (!is_over).then(|| format!("{status} activation {id} of {provider} has no order"));
    };
    let name = format!("order {} with {status} activation {id} of {provider}", order.id);
    let came_last = lenient && order.state == "EXPIRED" && !activation["sms"][0].is_null();
    if !wanted.contains(&order.state.as_str()) && !came_last {
        return Some(format!("{name} is {}", order.state));
    }
    let phone = order.phone.as_deref().unwrap_or_default().trim_start_matches('+');
    if activation["phone"] != phone {
        return Some(format!("{name} has another number"));
    }
    let cost = activation["cost_usd"].as_f64().unwrap() * 1e6;
    #[expect(clippy::cast_precision_loss, reason = "costs are small")]
    let differs = (cost - order.cost_micros as f64).abs() > 0.5;
    differs.then(|| format!("{name} costs {cost}, not {}", order.cost_micros))
}

fn money(wallet: &Wallet, orders: &[Stored]) -> Option<String> {
    let sum = |states: &[&str]| -> i64 {
        let own = orders.iter().filter(|order| order.user_id == wallet.user_id);
        own.filter(|o| states.contains(&o.state.as_str())).map(|o| o.price).sum()
    };
    let (held, earned) = (sum(&["RESERVING", "ACTIVE"]), sum(&["OTP_RECEIVED", "COMPLETED"]));
    let fits = wallet.held == held && wallet.available == wallet.paid_in - held - earned;
    (!fits).then(|| format!("{wallet:?} should hold {held} and have paid {earned}"))
}

/// Each order is told of once per thing that happened to it.
fn told(order: &Stored, events: &[Told]) -> Vec<String> {
    let revision = i64::from(order.sms_revision);
    let end = match order.state.as_str() {
        "COMPLETED" => Some("order.completed"),
        "CANCELED" => Some("order.canceled"),
        "EXPIRED" => Some("order.expired"),
        _ => None,
    };
    let expected = |kind: &str| match kind {
        "order.active" => i64::from(order.external_id.is_some()),
        "order.otp_received" => revision,
        other => i64::from(end == Some(other)),
    };
    let own = |kind: &str| events.iter().find(|it| it.order_id == order.id && it.kind == kind);
    ["order.active", "order.otp_received", "order.completed", "order.canceled", "order.expired"]
        .into_iter()
        .filter_map(|kind| {
            let (times, unstamped) = own(kind).map_or((0, 0), |it| (it.times, it.unstamped));
            let fits = times == expected(kind) && unstamped == 0;
            (!fits).then(|| {
                format!(
                    "order {} is {} and has {times} {kind}, {unstamped} of them hidden",
                    order.id, order.state
                )
            })
        })
        .collect()
}
