//! What providers sold belongs to one order each, or was given back.

use std::collections::{HashMap, HashSet};

use super::{Facts, Finding, facts::is_earned, journals::is_late};
use crate::evidence::{Activation, Order};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut owners: HashMap<(&str, &str), Vec<&Order>> = HashMap::new();
    for order in &facts.books().orders {
        if let Some(external) = &order.external_id {
            owners.entry((&order.provider, external)).or_default().push(order);
        }
    }
    let mut unseen: HashSet<_> = owners.keys().copied().collect();
    for activation in &facts.world().activations {
        let place = (activation.provider.as_str(), activation.id.as_str());
        unseen.remove(&place);
        match owners.get(&place).map_or(&[][..], Vec::as_slice) {
            [] => findings.extend(unowned(activation)),
            [order] => findings.extend(pair(activation, order)),
            many => {
                let ids: Vec<_> = many.iter().map(|order| order.id).collect();
                let text = format!("{} belongs to orders {ids:?}", name(activation));
                findings.push(Finding::double(text));
            }
        }
    }
    let invented = unseen.iter();
    findings.extend(
        invented.map(|(provider, id)| Finding::wrong(format!("{provider} never sold {id}"))),
    );
    findings.extend(charges(facts));
    findings
}

/// A number of no order must have been given back; otherwise it was bought once too often. One that
/// got a message cannot be: the journals tell whether we have paid for it.
fn unowned(activation: &Activation) -> Option<Finding> {
    let is_given_back = matches!(activation.status.as_str(), "CANCELLED" | "EXPIRED");
    let text = || format!("{} is {} and of no order", name(activation), activation.status);
    let is_paid_by_us = activation.status == "FINISHED" && !activation.messages.is_empty();
    (!is_given_back && !is_paid_by_us).then(|| Finding::double(text()))
}

fn pair(activation: &Activation, order: &Order) -> Vec<Finding> {
    let name = format!("{} of order {}", name(activation), order.id);
    let mut findings = Vec::new();
    let wanted: &[&str] = match activation.status.as_str() {
        "WAITING" => &["ACTIVE"],
        "RECEIVED" | "WAIT_RETRY" => &["OTP_RECEIVED"],
        "FINISHED" => &["COMPLETED"],
        _ => &["CANCELED", "EXPIRED"],
    };
    // A message may come when its order was already cancelled: the provider is paid, by us.
    let is_late = order.state == "CANCELED" && !activation.messages.is_empty();
    if !wanted.contains(&order.state.as_str()) && !is_late {
        let text = format!("{name} is {}, the order {}", activation.status, order.state);
        findings.push(Finding::wrong(text));
    }
    if order.phone.as_deref().map(|phone| phone.trim_start_matches('+')) != Some(&activation.phone)
    {
        findings.push(Finding::wrong(format!("{name} has another number")));
    }
    if order.cost_micros != activation.cost_micros {
        findings.push(Finding::wrong(format!("{name} has another cost")));
    }
    findings
}

/// What a provider kept of our money is what our books say it earned, and what late messages cost.
fn charges(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (provider, charged) in &facts.world().charged {
        let own = || facts.books().orders.iter().filter(|order| order.provider == *provider);
        let earned: i64 = own().filter(|it| is_earned(it)).map(|it| it.cost_micros).sum();
        let late = own().filter(|order| is_late(order, facts.activation_of(order)));
        let late: i64 = late.map(|order| order.cost_micros).sum();
        let orphans = facts.orphans().into_iter().filter(|it| it.provider == *provider);
        let late = late + orphans.map(|it| it.cost_micros).sum::<i64>();
        if *charged != earned + late {
            let text = format!("{provider} kept {charged}, our books say {earned} and {late} late");
            findings.push(Finding::wrong(text));
        }
    }
    findings
}

fn name(activation: &Activation) -> String {
    format!("number {} of {}", activation.id, activation.provider)
}
