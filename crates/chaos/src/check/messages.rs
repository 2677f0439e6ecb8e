//! Every message reached the customer who rented the number, once, and nobody else.

use std::collections::{HashMap, HashSet};

use super::{Facts, Finding};
use crate::{
    evidence::{Message, Order},
    history::Outcome,
};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut by_order: HashMap<i64, Vec<&Message>> = HashMap::new();
    for message in &facts.books().messages {
        by_order.entry(message.order_id).or_default().push(message);
    }
    let mut findings = Vec::new();
    for order in &facts.books().orders {
        let got = by_order.remove(&order.id).unwrap_or_default();
        findings.extend(of_order(facts, order, &got));
    }
    let strays = by_order.keys();
    findings
        .extend(strays.map(|id| Finding::wrong(format!("messages of order {id}, which is gone"))));
    findings.extend(read(facts));
    findings
}

fn of_order(facts: &Facts<'_>, order: &Order, got: &[&Message]) -> Vec<Finding> {
    let id = order.id;
    let mut findings = Vec::new();
    let sent = facts.activation_of(order).map_or(&[][..], |it| &it.messages);
    let mut seen = HashSet::new();
    for message in got {
        match sent.iter().position(|it| it.reads(&message.text)) {
            None => {
                findings.push(Finding::wrong(format!("order {id} got a message of somebody else")));
            }
            Some(place) if !seen.insert(place) => {
                findings.push(Finding::double(format!("order {id} got one message twice")));
            }
            Some(_) => {}
        }
        if message.user_id != order.user_id {
            findings.push(Finding::wrong(format!("a message of order {id} went elsewhere")));
        }
    }
    let missing = sent.len().saturating_sub(seen.len());
    // Nobody ended it but its window, and before that the provider is asked a last time.
    if missing > 0 && (order.state == "EXPIRED" || got.is_empty() && order.state != "CANCELED") {
        let text = format!("{missing} messages of order {id}, which is {}", order.state);
        findings.push(Finding::lost(text));
    }
    let revisions: HashSet<i64> = got.iter().map(|message| message.revision).collect();
    let count = i64::try_from(got.len()).unwrap_or(i64::MAX);
    if count != order.sms_revision || !(1..=count).all(|it| revisions.contains(&it)) {
        findings.push(Finding::wrong(format!("order {id} has messages of other numbers")));
    }
    let newest = got.iter().max_by_key(|message| message.revision);
    if newest.map(|message| &message.text) != order.otp_message.as_ref() {
        findings.push(Finding::wrong(format!("order {id} does not show its newest message")));
    }
    findings
}

/// What customers read in the answers they got.
fn read(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = HashSet::new();
    for attempt in &facts.attempts {
        let Some((_, answer)) = attempt.end.filter(|(_, it)| it.outcome == Outcome::Ok) else {
            continue;
        };
        for seen in &answer.orders {
            let Some(text) = &seen.text else { continue };
            let order = facts.orders.get(&seen.id);
            let sent = order.and_then(|order| facts.activation_of(order));
            let is_own = sent.is_some_and(|it| it.messages.iter().any(|sent| sent.reads(text)));
            if !is_own && told.insert(seen.id) {
                let text = format!("customer {} read a foreign message", attempt.customer);
                findings.push(Finding::wrong(text));
            }
        }
    }
    findings
}

/// Messages that came after their order had ended, so that nobody was to get them.
pub(crate) fn late(facts: &Facts<'_>) -> usize {
    let got: HashMap<i64, usize> =
        facts.books().messages.iter().fold(HashMap::new(), |mut got, it| {
            *got.entry(it.order_id).or_default() += 1;
            got
        });
    let orders = facts.books().orders.iter();
    let sent = |order: &Order| facts.activation_of(order).map_or(0, |it| it.messages.len());
    orders.map(|it| sent(it).saturating_sub(got.get(&it.id).copied().unwrap_or(0))).sum()
}
