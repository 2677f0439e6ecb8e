//! One key is one purchase, whatever happened to its answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Facts, Finding, facts::Attempt};
use crate::{
    evidence::Key,
    history::{Answer, Call, Outcome},
};

/// Refusals that say nothing about the key: the same request may succeed later.
const FREEING: [&str; 3] = ["INSUFFICIENT_BALANCE", "NO_OFFER_AVAILABLE", "FORBIDDEN"];

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let keys = facts.books().keys.iter().filter(|key| key.operation == "create");
    let keys: HashMap<(i64, &str), &Key> =
        keys.map(|key| ((key.user_id, key.text.as_str()), key)).collect();
    let mut findings = Vec::new();
    for ((customer, key), attempts) in &facts.purchases {
        let stored = keys.get(&(*customer, *key)).copied();
        let purchase = Purchase { name: format!("purchase {key}"), attempts, stored };
        findings.extend(purchase.check(facts));
    }
    findings.extend(unasked(facts, &keys));
    findings
}

struct Purchase<'a> {
    name: String,
    attempts: &'a [Attempt<'a>],
    stored: Option<&'a Key>,
}

impl Purchase<'_> {
    fn check(&self, facts: &Facts<'_>) -> Vec<Finding> {
        let answers: Vec<&Answer> =
            self.attempts.iter().filter_map(|it| it.end.map(|(_, answer)| answer)).collect();
        let granted: Vec<_> = answers.iter().filter(|it| it.outcome == Outcome::Ok).collect();
        let mut findings = Vec::new();
        if let Some(first) = granted.first() {
            findings.extend(self.granted(facts, first));
            if granted.iter().any(|answer| answer.hash != first.hash) {
                findings.push(Finding::wrong(format!("{} was answered in two ways", self.name)));
            }
            let refused = answers
                .iter()
                .find(|it| it.outcome == Outcome::Fail && !FREEING.contains(&it.code.as_str()));
            if let Some(refused) = refused {
                let text = format!("{} was granted and refused: {}", self.name, refused.code);
                findings.push(Finding::wrong(text));
            }
        } else if self
            .attempts
            .iter()
            .all(|it| it.end.is_some_and(|(_, answer)| answer.outcome == Outcome::Fail))
        {
            let charged = self.visible(facts);
            if !charged.is_empty() {
                let text = format!("{} was refused and made orders {charged:?}", self.name);
                findings.push(Finding::double(text));
            }
        }
        if answers.iter().all(|answer| answer.outcome == Outcome::Unknown) {
            findings.push(Finding::stuck(format!("nobody knows about {}", self.name)));
        }
        findings.extend(self.quantity());
        findings
    }

    /// What the first success promised.
    fn granted(&self, facts: &Facts<'_>, answer: &Answer) -> Vec<Finding> {
        let name = &self.name;
        let mut findings = Vec::new();
        let Some(customer) = self.attempts.first().map(|it| it.customer) else { return findings };
        for seen in &answer.orders {
            let Some(order) = facts.orders.get(&seen.id) else {
                findings.push(Finding::lost(format!("order {} of {name} is gone", seen.id)));
                continue;
            };
            if order.user_id != customer {
                let text = format!("order {} of {name} is somebody else's", seen.id);
                findings.push(Finding::lost(text));
            }
            if matches!(order.state.as_str(), "FAILED" | "RESERVING") {
                let text = format!("order {} of {name} is {}", seen.id, order.state);
                findings.push(Finding::lost(text));
            }
            if seen.amount.is_some_and(|amount| amount != order.price) {
                findings.push(Finding::wrong(format!("order {} has another price", seen.id)));
            }
            if seen.phone.as_deref().map(digits) != order.phone.as_deref().map(digits) {
                findings.push(Finding::wrong(format!("order {} has another number", seen.id)));
            }
        }
        let promised: BTreeSet<i64> = answer.orders.iter().map(|seen| seen.id).collect();
        let visible = self.visible(facts);
        // While the outcome of a part of it was open, the answer could not tell of that part.
        for extra in visible.difference(&promised) {
            let text = format!("{name} was answered without its order {extra}");
            findings.push(Finding::wrong(text));
        }
        if self.stored.is_none() {
            findings.push(Finding::lost(format!("the key of {name} is gone")));
        }
        findings
    }

    /// Orders of the key that its customer can see.
    fn visible(&self, facts: &Facts<'_>) -> BTreeSet<i64> {
        let ids = self.stored.map_or(&[][..], |key| &key.order_ids);
        let is_visible =
            |id: &&i64| facts.orders.get(id).is_some_and(|order| order.state != "FAILED");
        ids.iter().filter(is_visible).copied().collect()
    }

    fn quantity(&self) -> Option<Finding> {
        let Call::Buy { body, .. } = self.attempts.first()?.call else { return None };
        let wanted = body["quantity"].as_u64().unwrap_or(1);
        let made = u64::try_from(self.stored?.order_ids.len()).ok()?;
        let text = || format!("{} asked for {wanted} and made {made} orders", self.name);
        (made > wanted).then(|| Finding::double(text()))
    }
}

/// Numbers are shown with a plus sign and stored without.
fn digits(phone: &str) -> &str {
    phone.trim_start_matches('+')
}

/// Orders that no request asked for.
fn unasked(facts: &Facts<'_>, keys: &HashMap<(i64, &str), &Key>) -> Vec<Finding> {
    let mut owners: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    let mut findings = Vec::new();
    for ((user, key), stored) in keys {
        if !facts.purchases.contains_key(&(*user, *key)) {
            findings.push(Finding::double(format!("nobody asked for purchase {key}")));
        }
        for id in &stored.order_ids {
            owners.entry(*id).or_default().push(key);
            if facts.orders.get(id).is_none_or(|order| order.user_id != *user) {
                findings.push(Finding::lost(format!("order {id} of purchase {key} is gone")));
            }
        }
    }
    for order in &facts.books().orders {
        match owners.get(&order.id).map_or(0, Vec::len) {
            1 => {}
            0 => findings.push(Finding::double(format!("nobody asked for order {}", order.id))),
            many => {
                findings.push(Finding::double(format!("order {} has {many} keys", order.id)));
            }
        }
    }
    findings
}

/// Keys that were stored although every earlier answer got lost: charged once all the same.
pub(crate) fn absorbed(facts: &Facts<'_>) -> usize {
    let keys = &facts.books().keys;
    let is_absorbed = |key: &&Key| {
        let Some(attempts) = facts.purchases.get(&(key.user_id, key.text.as_str())) else {
            return false;
        };
        let known = attempts.iter().position(|attempt| {
            attempt.end.is_some_and(|(_, answer)| answer.outcome != Outcome::Unknown)
        });
        let stored_ms = key.created_ms.saturating_sub(facts.started_ms);
        known.is_some_and(|known| {
            known > 0 && attempts.get(known).is_some_and(|told| stored_ms < told.begun_ms)
        })
    };
    keys.iter().filter(is_absorbed).count()
}
