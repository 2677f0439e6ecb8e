//! Customers are told of everything that happens to an order, once.

use std::collections::HashMap;

use super::{Facts, Finding};
use crate::evidence::Order;

const KINDS: [&str; 5] =
    ["order.active", "order.otp_received", "order.completed", "order.canceled", "order.expired"];

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let told: HashMap<(i64, &str), (i64, i64)> = facts
        .books()
        .told
        .iter()
        .map(|it| ((it.order_id, it.kind.as_str()), (it.times, it.unstamped)))
        .collect();
    let mut findings = Vec::new();
    for order in &facts.books().orders {
        for kind in KINDS {
            let (times, hidden) = told.get(&(order.id, kind)).copied().unwrap_or_default();
            let wanted = expected(order, kind);
            let text = || format!("order {} is {}: {times} {kind}", order.id, order.state);
            if hidden > 0 {
                findings.push(Finding::stuck(format!("{hidden} {kind} of {} hidden", order.id)));
            }
            match times.cmp(&wanted) {
                std::cmp::Ordering::Less => findings.push(Finding::lost(text())),
                std::cmp::Ordering::Equal => {}
                std::cmp::Ordering::Greater => findings.push(Finding::double(text())),
            }
        }
    }
    findings
}

fn expected(order: &Order, kind: &str) -> i64 {
    let end = match order.state.as_str() {
        "COMPLETED" => "order.completed",
        "CANCELED" => "order.canceled",
        "EXPIRED" => "order.expired",
        _ => "",
    };
    match kind {
        "order.active" => i64::from(order.external_id.is_some()),
        "order.otp_received" => order.sms_revision,
        other => i64::from(other == end),
    }
}
