//! What every wallet has to hold, computed without looking at the ledger.

use std::collections::HashMap;

use super::{
    Facts, Finding,
    facts::{is_earned, is_holding},
    payments,
};
use crate::{evidence::Wallet, history::What};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let paid_in = paid_in(facts);
    let wallets: HashMap<i64, &Wallet> =
        facts.books().wallets.iter().map(|wallet| (wallet.user_id, wallet)).collect();
    let mut findings = Vec::new();
    for (user, paid) in &paid_in {
        let Some(wallet) = wallets.get(user) else {
            findings.push(Finding::lost(format!("the wallet of customer {user} is gone")));
            continue;
        };
        let sum = |wanted: fn(&crate::evidence::Order) -> bool| -> i64 {
            let own = facts.books().orders.iter().filter(|order| order.user_id == *user);
            own.filter(|order| wanted(order)).map(|order| order.price).sum()
        };
        let (held, spent) = (sum(is_holding), sum(is_earned));
        let available = paid - held - spent + wallet.debt;
        findings.extend(compare(*user, "holds for orders", wallet.held, held));
        findings.extend(compare(*user, "can spend", wallet.available, available));
    }
    findings
}

fn compare(user: i64, what: &str, is: i64, should: i64) -> Option<Finding> {
    let text = format!("customer {user} {what} {is} and should {should}");
    match is.cmp(&should) {
        std::cmp::Ordering::Less => Some(Finding::lost(text)),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(Finding::double(text)),
    }
}

/// What each customer was given, and has paid in and not got back, as run and gateway know it.
fn paid_in(facts: &Facts<'_>) -> HashMap<i64, i64> {
    let mut paid = HashMap::new();
    for entry in &facts.evidence.history {
        if let What::Customer { id, granted, .. } = &entry.what {
            paid.insert(*id, *granted);
        }
    }
    for credit in payments::due(facts) {
        *paid.entry(credit.user).or_default() += credit.amount - credit.returned;
    }
    paid
}
