//! Every payment that a gateway took is credited once, with the right amount, to who made it.

use std::collections::HashMap;

use super::{Facts, Finding, returns};
use crate::{
    evidence::{Payment, Topup},
    history::{Call, Outcome},
};

/// Sums below this are left to a person.
const DUST: i128 = 1000;
/// Gateways at which nobody can pay another amount than was asked for.
const EXACT: [&str; 2] = ["stripe", "duitku"];

/// What a top-up is called for which something was credited.
const WITH_MONEY: [&str; 5] = ["PAID", "PARTIALLY_REFUNDED", "REFUNDED", "DISPUTED", "LOST"];

/// In place of a customer when several were credited for one payment.
const NOBODY: i64 = -1;

/// Money that a customer must have got for a payment.
pub(super) struct Credit<'a> {
    pub(super) user: i64,
    pub(super) amount: i64,
    /// What went back of it.
    pub(super) returned: i64,
    pub(super) payment: &'a Payment,
}

/// What was booked of one payment.
#[derive(Debug, Default, PartialEq, Eq)]
struct Booked {
    user: i64,
    /// What the customer got, in rupiah.
    credited: i64,
    /// What the gateway owes us for it, in the currency of the charge.
    received: i64,
}

/// What the gateways' memories say must have been credited.
pub(super) fn due<'a>(facts: &Facts<'a>) -> Vec<Credit<'a>> {
    let topups = topups(facts);
    let payments = facts.world().payments.iter();
    let credit = |payment: &'a Payment| {
        let topup = topups.get(payment.topup.as_str())?;
        let amount = worth(topup, payment)?;
        let returned = returns::returned(payment, amount);
        Some(Credit { user: topup.user_id, amount, returned, payment })
    };
    payments.filter_map(credit).collect()
}

/// What a payment is worth to the customer, if it is for us to decide: the same share of the
/// amount that was paid of the charge, rounded down.
fn worth(topup: &Topup, payment: &Payment) -> Option<i64> {
    let is_odd = payment.received != topup.charge_amount;
    if payment.currency != topup.charge_currency || payment.gateway != topup.gateway {
        return None;
    }
    if is_odd && EXACT.contains(&payment.gateway) {
        return None;
    }
    let (amount, received) = (i128::from(topup.amount), i128::from(payment.received));
    let worth = amount * received / i128::from(topup.charge_amount);
    i64::try_from(worth).ok().filter(|_| worth >= DUST)
}

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let topups = topups(facts);
    let mut findings = Vec::new();
    let mut booked = booked(facts);
    for Credit { user, amount, payment, .. } in due(facts) {
        let name = format!("payment {} at {}", payment.id, payment.gateway);
        let wanted = Booked { user, credited: amount, received: payment.received };
        match booked.remove(&(payment.gateway, payment.id.as_str())) {
            None => findings.push(Finding::lost(format!("{name} not credited: {wanted:?}"))),
            Some(got) if got == wanted => {}
            Some(got) => {
                let text = format!("{name} booked as {got:?}, not {wanted:?}");
                findings.push(if got.credited > amount {
                    Finding::double(text)
                } else {
                    Finding::wrong(text)
                });
            }
        }
    }
    let unpaid = booked.keys();
    findings.extend(
        unpaid.map(|(at, id)| Finding::double(format!("payment {id} at {at} credited unpaid"))),
    );
    findings.extend(topups.values().filter_map(|topup| state(facts, topup)));
    findings.extend(started(facts, &topups));
    findings
}

/// What was booked, by gateway and payment.
fn booked<'a>(facts: &Facts<'a>) -> HashMap<(&'a str, &'a str), Booked> {
    let mut booked: HashMap<_, Booked> = HashMap::new();
    for transfer in &facts.books().transfers {
        let Some(key) = transfer.journal_key.strip_prefix("topup:") else { continue };
        let mut words = key.split(':');
        // What may follow is the sum after a further deposit.
        let (Some(gateway), Some(payment)) = (words.next(), words.next()) else { continue };
        let entry = booked.entry((gateway, payment)).or_default();
        if transfer.to_class == "available" {
            // Each deposit of a payment is a journal; all of them are one customer's.
            let is_same = entry.credited == 0 || entry.user == transfer.to_owner;
            entry.user = if is_same { transfer.to_owner } else { NOBODY };
            entry.credited += transfer.amount;
        }
        if transfer.from_class == "gateway_clearing" {
            entry.received += transfer.amount;
        }
    }
    booked
}

fn topups<'a>(facts: &Facts<'a>) -> HashMap<&'a str, &'a Topup> {
    facts.books().topups.iter().map(|topup| (topup.id.as_str(), topup)).collect()
}

/// A top-up calls itself paid if and only if something was credited, and says what went back.
fn state(facts: &Facts<'_>, topup: &Topup) -> Option<Finding> {
    let paid = facts.world().payments.iter().filter(|it| it.topup == topup.id);
    let mut credited: Option<(i64, i64, bool)> = None;
    for payment in paid {
        let Some(worth) = worth(topup, payment) else { continue };
        let (sum, back, has_bank) = credited.unwrap_or_default();
        let back = back + returns::returned(payment, worth);
        credited = Some((sum + worth, back, has_bank || payment.disputed > 0));
    }
    let wanted = match credited {
        None => None,
        Some((_, _, true)) => Some("LOST"),
        Some((_, 0, false)) => Some("PAID"),
        Some((sum, back, false)) if back < sum => Some("PARTIALLY_REFUNDED"),
        Some(_) => Some("REFUNDED"),
    };
    let is = Some(topup.state.as_str()).filter(|it| WITH_MONEY.contains(it));
    let text = || format!("top-up {} is {}, not {wanted:?}", topup.id, topup.state);
    (is != wanted).then(|| Finding::wrong(text()))
}

/// Top-ups that were acknowledged, and those nobody started.
fn started(facts: &Facts<'_>, topups: &HashMap<&str, &Topup>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for attempt in &facts.attempts {
        let (Call::Topup { amount, gateway }, Some((_, answer))) = (attempt.call, attempt.end)
        else {
            continue;
        };
        if answer.outcome != Outcome::Ok {
            continue;
        }
        let id = &answer.topup;
        let fits = |topup: &&Topup| {
            topup.user_id == attempt.customer
                && topup.amount == *amount
                && topup.gateway == *gateway
        };
        if !topups.get(id.as_str()).is_some_and(fits) {
            findings.push(Finding::lost(format!("top-up {id} is gone or another")));
        }
    }
    let asked = facts.attempts.iter().filter(|it| matches!(it.call, Call::Topup { .. })).count();
    let made = topups.len();
    if made > asked {
        findings.push(Finding::double(format!("{made} top-ups of {asked} that were asked for")));
    }
    let lone = facts.world().payments.iter().filter(|it| !topups.contains_key(it.topup.as_str()));
    findings
        .extend(lone.map(|it| Finding::lost(format!("top-up {} was paid and is gone", it.topup))));
    findings
}
