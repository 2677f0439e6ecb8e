//! L9: what was booked for payments is what the journals moved.

use std::collections::BTreeMap;

use domain::{
    ids::UserId,
    ledger::{Account, JournalKind, audit::Finding},
};

use super::{audit::finding, state::State};

pub(super) fn findings(state: &State) -> Vec<Finding> {
    let mut moved = movements(state);
    let mut findings = Vec::new();
    for payment in state.payins.payments() {
        let key = format!("topup:{}:{}", payment.gateway.code(), payment.payment_id);
        let credited = moved.credits.remove(&key).unwrap_or_default();
        if credited != payment.credited {
            let detail = format!("{key} is credited {credited}, booked {}", payment.credited);
            findings.push(finding("L9", None, detail));
        }
    }
    let strangers = moved.credits.into_keys();
    findings.extend(strangers.map(|key| finding("L9", None, format!("{key} pays for no top-up"))));
    let mut reversed: BTreeMap<UserId, i64> = BTreeMap::new();
    for payment in state.payins.payments() {
        let owner = state.payins.topups().iter().find(|topup| topup.id == payment.topup);
        if let Some(topup) = owner {
            *reversed.entry(topup.user).or_default() += payment.reversed;
        }
    }
    moved.reversals.retain(|_, sum| *sum != 0);
    reversed.retain(|_, sum| *sum != 0);
    if moved.reversals != reversed {
        let detail = format!("{:?} went back, {reversed:?} is booked", moved.reversals);
        findings.push(finding("L9", None, detail));
    }
    findings
}

#[derive(Default)]
struct Movements {
    /// What was credited, by the key of a payment's first credit.
    credits: BTreeMap<String, i64>,
    /// What was taken back of all payments of a customer.
    reversals: BTreeMap<UserId, i64>,
}

fn movements(state: &State) -> Movements {
    let mut moved = Movements::default();
    for (key, journal) in &state.books.journals {
        for leg in &journal.legs {
            let sum = leg.amount.get();
            match (journal.kind, leg.from, leg.to) {
                (JournalKind::TopupCredit, _, Account::Available(_)) => {
                    *moved.credits.entry(payment_key(state, key)).or_default() += sum;
                }
                (JournalKind::Clawback, Account::Debt(user), _)
                | (JournalKind::TopupRefund, Account::Available(user), _) => {
                    *moved.reversals.entry(user).or_default() += sum;
                }
                (
                    JournalKind::ClawbackReversal | JournalKind::TopupRefundReversal,
                    _,
                    Account::Available(user),
                ) => *moved.reversals.entry(user).or_default() -= sum,
                _ => {}
            }
        }
    }
    moved
}

/// Further credits of a payment have the total at the end of their key.
fn payment_key(state: &State, key: &str) -> String {
    match key.rsplit_once(':') {
        Some((first, _)) if state.books.journals.contains_key(first) => first.to_owned(),
        _ => key.to_owned(),
    }
}
