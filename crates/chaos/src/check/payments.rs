//! Every payment that a gateway took is credited once, with the right amount, to who made it.

use std::collections::HashMap;

use super::{Facts, Finding};
use crate::{
    evidence::{Session, Topup},
    history::{Call, Outcome},
};

/// Money that a customer must have got for a payment.
pub(super) struct Credit<'a> {
    pub(super) user: i64,
    pub(super) amount: i64,
    pub(super) session: &'a Session,
}

/// What the gateway's memory says must have been credited.
pub(super) fn due<'a>(facts: &Facts<'a>) -> Vec<Credit<'a>> {
    let topups = topups(facts);
    let sessions = facts.world().sessions.iter();
    let credit = |session: &'a Session| {
        let topup = topups.get(session.topup.as_str())?;
        is_as_agreed(session, topup).then_some(Credit {
            user: topup.user_id,
            amount: topup.amount,
            session,
        })
    };
    sessions.filter_map(credit).collect()
}

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let topups = topups(facts);
    let mut findings = Vec::new();
    let mut credited: HashMap<&str, (i64, i64)> = HashMap::new();
    for transfer in &facts.books().transfers {
        let payment = transfer.journal_key.strip_prefix("topup:stripe:");
        let payment = payment.filter(|_| transfer.to_class == "available");
        if let Some(payment) = payment
            && credited.insert(payment, (transfer.to_owner, transfer.amount)).is_some()
        {
            findings.push(Finding::double(format!("payment {payment} credited twice")));
        }
    }
    for Credit { user, amount, session } in due(facts) {
        match credited.remove(session.id.as_str()) {
            None => findings.push(Finding::lost(format!("payment {} not credited", session.id))),
            Some(got) if got != (user, amount) => {
                let text = format!("payment {} credited as {got:?}", session.id);
                findings.push(Finding::wrong(text));
            }
            Some(_) => {}
        }
    }
    let more = credited.keys().map(|id| Finding::double(format!("{id} credited and not paid")));
    findings.extend(more);
    findings.extend(facts.world().sessions.iter().filter_map(|it| state(it, &topups)));
    findings.extend(started(facts, &topups));
    findings
}

fn topups<'a>(facts: &Facts<'a>) -> HashMap<&'a str, &'a Topup> {
    facts.books().topups.iter().map(|topup| (topup.id.as_str(), topup)).collect()
}

/// Another amount than was asked for is left to a person.
fn is_as_agreed(session: &Session, topup: &Topup) -> bool {
    session.is_paid && session.currency == "idr" && session.total == topup.amount * 100
}

fn state(session: &Session, topups: &HashMap<&str, &Topup>) -> Option<Finding> {
    let Some(topup) = topups.get(session.topup.as_str()) else {
        let text = format!("top-up {} is gone, {} belongs to it", session.topup, session.id);
        return Some(Finding::lost(text));
    };
    let is_right = match topup.state.as_str() {
        "PAID" => is_as_agreed(session, topup),
        "REVIEW" => session.is_paid && !is_as_agreed(session, topup),
        _ => !session.is_paid,
    };
    let text = || {
        format!(
            "top-up {} is {}, {} says paid: {}",
            topup.id, topup.state, session.id, session.is_paid
        )
    };
    (!is_right).then(|| Finding::wrong(text()))
}

/// Top-ups that were acknowledged, and those nobody started.
fn started(facts: &Facts<'_>, topups: &HashMap<&str, &Topup>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for attempt in &facts.attempts {
        let (Call::Topup { amount }, Some((_, answer))) = (attempt.call, attempt.end) else {
            continue;
        };
        if answer.outcome != Outcome::Ok {
            continue;
        }
        let id = &answer.topup;
        let fits = |topup: &&Topup| topup.user_id == attempt.customer && topup.amount == *amount;
        if !topups.get(id.as_str()).is_some_and(fits) {
            findings.push(Finding::lost(format!("top-up {id} is gone or another")));
        }
    }
    let asked = facts.attempts.iter().filter(|it| matches!(it.call, Call::Topup { .. })).count();
    let made = topups.len();
    if made > asked {
        findings.push(Finding::double(format!("{made} top-ups of {asked} that were asked for")));
    }
    findings
}
