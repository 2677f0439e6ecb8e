//! What customers saw: their own orders only, never going back in time, and what they were told was
//! done.

use std::collections::{HashMap, HashSet};

use super::{Facts, Finding, facts::Attempt};
use crate::history::{Answer, Call, Outcome, Seen};

/// Refusals that no customer of ours may ever get.
const IMPOSSIBLE: [&str; 5] =
    ["UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "VALIDATION_ERROR", "INTERNAL_ERROR"];

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut past: HashMap<i64, Vec<(u64, &Seen)>> = HashMap::new();
    let mut ended: Vec<(&Attempt<'_>, u64, &Answer)> = facts
        .attempts
        .iter()
        .filter_map(|attempt| attempt.end.map(|(at_ms, answer)| (attempt, at_ms, answer)))
        .collect();
    let disputes = facts.attempts.iter().filter(|it| matches!(it.call, Call::Dispute { .. }));
    let disputing: HashSet<i64> = disputes.map(|it| it.customer).collect();
    ended.sort_by_key(|(_, at_ms, _)| *at_ms);
    for (attempt, at_ms, answer) in ended {
        // Who disputes payments may be kept from buying.
        let is_stopped = answer.code == "FORBIDDEN"
            && matches!(attempt.call, Call::Buy { .. })
            && disputing.contains(&attempt.customer);
        if IMPOSSIBLE.contains(&answer.code.as_str()) && !is_stopped {
            let text = format!("{} for {:?}", answer.code, attempt.call);
            findings.push(Finding::wrong(text));
        }
        if answer.outcome != Outcome::Ok {
            continue;
        }
        findings.extend(promise(facts, attempt.call));
        for seen in &answer.orders {
            findings.extend(truth(facts, attempt.customer, seen));
            // The answer to a purchase shows its orders as they were at the beginning.
            if !matches!(attempt.call, Call::Buy { .. }) {
                let before = past.entry(seen.id).or_default();
                findings.extend(order_of_time(before, attempt.begun_ms, seen));
                before.push((at_ms, seen));
            }
        }
    }
    findings
}

/// What was confirmed as done has to be so in the end.
fn promise(facts: &Facts<'_>, call: &Call) -> Option<Finding> {
    let (order, wanted) = match call {
        Call::Cancel { order } => (order, "CANCELED"),
        Call::Finish { order } => (order, "COMPLETED"),
        _ => return None,
    };
    let state = facts.orders.get(order).map_or("gone", |order| order.state.as_str());
    let text = || format!("order {order} was confirmed as {wanted} and is {state}");
    (state != wanted).then(|| Finding::lost(text()))
}

fn truth(facts: &Facts<'_>, customer: i64, seen: &Seen) -> Option<Finding> {
    let Some(order) = facts.orders.get(&seen.id) else {
        return Some(Finding::lost(format!("order {} was seen and is gone", seen.id)));
    };
    if order.user_id != customer {
        let text = format!("customer {customer} saw order {} of {}", seen.id, order.user_id);
        return Some(Finding::wrong(text));
    }
    if is_over(&seen.status) && seen.status != order.state {
        let text = format!("order {} was {} and is {}", seen.id, seen.status, order.state);
        return Some(Finding::wrong(text));
    }
    None
}

fn order_of_time(past: &[(u64, &Seen)], begun_ms: u64, seen: &Seen) -> Option<Finding> {
    let mut earlier = past.iter().filter(|(at_ms, _)| *at_ms < begun_ms);
    let newer = earlier.find(|(_, before)| {
        rank(&before.status) > rank(&seen.status)
            || (before.revision > seen.revision && seen.text.is_some())
    });
    newer.map(|(_, before)| {
        let text = format!("order {} was {} before it was {}", seen.id, before.status, seen.status);
        Finding::wrong(text)
    })
}

fn rank(status: &str) -> u8 {
    match status {
        "ACTIVE" => 0,
        "OTP_RECEIVED" => 1,
        _ => 2,
    }
}

fn is_over(status: &str) -> bool {
    rank(status) == 2
}
