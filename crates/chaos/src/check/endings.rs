//! With faults and requests over, everything comes to an end, and our own audit agrees.

use super::{Facts, Finding};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let books = facts.books();
    let mut findings = Vec::new();
    for order in &books.orders {
        if matches!(order.state.as_str(), "RESERVING" | "ACTIVE" | "OTP_RECEIVED") {
            findings.push(Finding::stuck(format!("order {} is {}", order.id, order.state)));
        } else if order.upstream_open {
            let text = format!("order {} is over, its provider does not know", order.id);
            findings.push(Finding::stuck(text));
        }
    }
    for letter in books.letters.iter().filter(|it| it.state == "PENDING" || it.state == "PARKED") {
        let text = format!(
            "callback {} about number {} of {} is {}",
            letter.id, letter.external_id, letter.provider, letter.state
        );
        findings.push(Finding::stuck(text));
    }
    for task in &books.dead_tasks {
        let text = format!("task {} ({}) was given up", task.id, task.kind);
        findings.push(Finding::stuck(text));
    }
    let audit = &facts.evidence.audit;
    if audit.code != Some(0) {
        let text = format!("our own audit ends with {:?}: {}", audit.code, audit.said.trim());
        findings.push(Finding::wrong(text));
    }
    findings
}
