//! What went back to payers was taken from the customer, once, and only that.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Facts, Finding, journals::Journals, payments};
use crate::{
    evidence::{Payment, Transfer},
    history::{Call, Outcome},
};

/// What gateways have of ours, and where dollars become rupiah.
const OUT: &str = "gateway_clearing";
const EXCHANGE: &str = "liquidity";

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = of_payments(facts);
    findings.extend(ordered(facts));
    findings.extend(stopped(facts));
    for wallet in &facts.books().wallets {
        if wallet.debt > 0 && wallet.available > 0 {
            let text = format!("customer {} owes {} and has money", wallet.user_id, wallet.debt);
            findings.push(Finding::stuck(text));
        }
    }
    findings
}

/// What a payment was worth of which its gateway has something no more: the same share of that.
pub(super) fn returned(payment: &Payment, worth: i64) -> i64 {
    let back = payment.refunded.saturating_add(payment.disputed).min(payment.received);
    let share = i128::from(worth) * i128::from(back) / i128::from(payment.received.max(1));
    i64::try_from(share).unwrap_or(worth)
}

/// What was taken for each payment, compared with what its gateway says went back.
fn of_payments(facts: &Facts<'_>) -> Vec<Finding> {
    let mut taken: HashMap<(&str, &str), i64> = HashMap::new();
    for it in facts.books().reversals.iter().filter(|it| it.state != "RESTORED") {
        *taken.entry((&it.gateway, &it.payment_id)).or_default() += it.taken;
    }
    for it in facts.books().refunds.iter().filter(|it| it.state != "FAILED") {
        *taken.entry((&it.gateway, &it.payment_id)).or_default() += it.amount;
    }
    let mut findings = Vec::new();
    for credit in payments::due(facts) {
        let payment = credit.payment;
        let found = taken.remove(&(payment.gateway, payment.id.as_str())).unwrap_or(0);
        let text =
            || format!("payment {} went back with {}, not {found}", payment.id, credit.returned);
        match found.cmp(&credit.returned) {
            std::cmp::Ordering::Less => findings.push(Finding::wrong(text())),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => findings.push(Finding::double(text())),
        }
    }
    let strays = taken.into_iter().filter(|(_, sum)| *sum != 0);
    findings
        .extend(strays.map(|((at, id), _)| Finding::double(format!("{id} of {at} taken unpaid"))));
    findings
}

/// Refunds that were acknowledged, those nobody ordered, and those that nobody carried out.
fn ordered(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let refunds = &facts.books().refunds;
    let known: HashMap<&str, _> = refunds.iter().map(|it| (it.id.as_str(), it)).collect();
    let mut tries: BTreeMap<&str, usize> = BTreeMap::new();
    for attempt in &facts.attempts {
        let Call::Refund { topup, amount } = attempt.call else { continue };
        let answer = attempt.end.map(|(_, answer)| answer);
        if answer.is_some_and(|it| it.outcome == Outcome::Fail) {
            continue;
        }
        *tries.entry(topup).or_default() += 1;
        let Some(answer) = answer.filter(|it| it.outcome == Outcome::Ok) else { continue };
        let is_kept = known.get(answer.refund.as_str()).is_some_and(|it| {
            it.topup_id == *topup
                && answer.taken == Some(it.amount)
                && amount.is_none_or(|amount| amount == it.amount)
        });
        if !is_kept {
            findings.push(Finding::lost(format!("refund {} is gone or another", answer.refund)));
        }
    }
    for refund in refunds {
        match tries.get_mut(refund.topup_id.as_str()) {
            Some(left @ 1..) => *left -= 1,
            _ => findings.push(Finding::double(format!("nobody ordered refund {}", refund.id))),
        }
        // Who fetches what was put aside, and when, is up to the payer.
        let is_put_aside = refund.gateway == "btcpay" && refund.state == "SENT";
        if !is_put_aside && !matches!(refund.state.as_str(), "DONE" | "FAILED") {
            let text = format!("refund {} is {}", refund.id, refund.state);
            findings.push(Finding::stuck(text));
        }
    }
    findings
}

/// Whose bank has taken something back buys no more, and nobody else is stopped.
fn stopped(facts: &Facts<'_>) -> Vec<Finding> {
    let taken = payments::due(facts).into_iter().filter(|it| it.payment.disputed > 0);
    let taken: HashSet<i64> = taken.map(|it| it.user).collect();
    let wallets = facts.books().wallets.iter();
    let odd = wallets.filter(|it| it.frozen != taken.contains(&it.user_id));
    odd.map(|it| Finding::wrong(format!("customer {}, stopped: {}", it.user_id, it.frozen)))
        .collect()
}

/// Compares the journals of money that went back with what is noted of it, and takes them off the
/// list.
pub(super) fn journals<'a>(facts: &Facts<'a>, journals: &mut Journals<'a>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for it in facts.books().reversals.iter().filter(|it| it.taken > 0) {
        let key = format!("clawback:{}:{}:{}", it.gateway, it.kind.to_lowercase(), it.id);
        let legs = [("debt", OUT), (OUT, "available")];
        let is_undone = it.state == "RESTORED";
        findings.extend(pair(&key, (it.user_id, it.taken), legs, is_undone, journals));
    }
    for it in &facts.books().refunds {
        let key = format!("refund:{}:{}", it.gateway, it.id);
        let legs = [("available", OUT), (OUT, "available")];
        let is_undone = it.state == "FAILED";
        findings.extend(pair(&key, (it.user_id, it.amount), legs, is_undone, journals));
    }
    journals.retain(|key, found| {
        if !key.starts_with("debt:") {
            return true;
        }
        findings.extend(repayment(key, found));
        false
    });
    findings
}

/// A movement and, if it was undone, the one that undid it.
fn pair(
    key: &str,
    (user, amount): (i64, i64),
    legs: [(&str, &str); 2],
    is_undone: bool,
    journals: &mut Journals<'_>,
) -> Vec<Finding> {
    let reversal = format!("{key}:reversal");
    let mut findings = Vec::new();
    for ((key, is_wanted), (from, to)) in
        [(key, true), (&reversal, is_undone)].into_iter().zip(legs)
    {
        let found = journals.remove(key).unwrap_or_default();
        let is_own = |it: &Transfer, from: &str, to: &str| {
            let moves = it.from_class == from && it.to_class == to && it.amount == amount;
            moves && it.currency == "IDR" && it.wallet_user == Some(user)
        };
        let is_whole = match found.as_slice() {
            [] => !is_wanted,
            [it] => is_wanted && is_own(it, from, to),
            // What came in dollars was exchanged, and is on its way back.
            [own, other] => {
                let through = |class| if class == OUT { EXCHANGE } else { class };
                let is_exchanged = if from == OUT {
                    other.from_class == OUT && other.to_class == EXCHANGE
                } else {
                    other.from_class == EXCHANGE && other.to_class == OUT
                };
                is_wanted
                    && is_own(own, through(from), through(to))
                    && is_exchanged
                    && other.currency == "USD"
            }
            _ => false,
        };
        if !is_whole {
            let text = format!("{key} has {} movements and not the one it needs", found.len());
            findings.push(if found.is_empty() {
                Finding::lost(text)
            } else {
                Finding::double(text)
            });
        }
    }
    findings
}

/// A debt is paid with the customer's own money; the key says where the wallet stood.
fn repayment(key: &str, found: &[&Transfer]) -> Option<Finding> {
    let is_own = |it: &Transfer| {
        let place = it.wallet_user.zip(it.wallet_seq);
        it.from_class == "available"
            && it.to_class == "debt"
            && it.from_owner == it.to_owner
            && place.is_some_and(|(user, seq)| key == format!("debt:{user}:{seq}"))
    };
    let is_whole = matches!(found, [it] if is_own(it));
    (!is_whole).then(|| Finding::wrong(format!("{key} repays no debt")))
}
