//! Whoever listened heard of everything that happened to own orders, once and in order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Facts, Finding};
use crate::{evidence::Event, history::What};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut began: BTreeMap<i64, u64> = BTreeMap::new();
    let mut heard: HashMap<i64, Vec<(u64, &str, i64)>> = HashMap::new();
    for entry in &facts.evidence.history {
        match &entry.what {
            What::Listens { customer, after } => {
                findings.extend(anew(began.insert(*customer, *after), *customer));
            }
            What::Heard { customer, seq, event, order } => {
                heard.entry(*customer).or_default().push((*seq, event, *order));
            }
            _ => {}
        }
    }
    let mut stamped: HashMap<i64, Vec<(u64, &Event)>> = HashMap::new();
    for event in &facts.books().events {
        if let Some(seq) = event.seq {
            stamped.entry(event.user_id).or_default().push((seq, event));
        }
    }
    for (customer, after) in began {
        let heard = heard.remove(&customer).unwrap_or_default();
        let stamped = stamped.remove(&customer).unwrap_or_default();
        findings.extend(compare(customer, after, &heard, &stamped));
    }
    findings
}

/// A stream that is resumed has nothing to begin with.
fn anew(before: Option<u64>, customer: i64) -> Option<Finding> {
    before.map(|_| Finding::wrong(format!("the stream of customer {customer} began anew")))
}

fn compare(
    customer: i64,
    after: u64,
    heard: &[(u64, &str, i64)],
    stamped: &[(u64, &Event)],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let known: HashMap<u64, &Event> = stamped.iter().copied().collect();
    let mut last = after;
    let mut places = HashSet::new();
    for (seq, kind, order) in heard {
        if !places.insert(*seq) {
            findings.push(Finding::double(format!("customer {customer} heard {seq} twice")));
        } else if *seq <= last {
            findings.push(Finding::wrong(format!("customer {customer} heard {seq} after {last}")));
        }
        last = last.max(*seq);
        let is_true = known.get(seq).is_some_and(|it| it.kind == *kind && it.order_id == *order);
        if !is_true {
            let text = format!("customer {customer} heard {kind} of {order}, which is not {seq}");
            findings.push(Finding::wrong(text));
        }
    }
    let missed = stamped.iter().filter(|(seq, _)| *seq > after && !places.contains(seq));
    let missed: Vec<u64> = missed.map(|(seq, _)| *seq).collect();
    if let Some(first) = missed.first() {
        let many = missed.len();
        let text = format!("customer {customer} never heard of {many} events, {first} the first");
        findings.push(Finding::lost(text));
    }
    findings
}
