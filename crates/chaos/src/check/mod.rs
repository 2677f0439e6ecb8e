//! Decides from the outside whether anything was lost or done twice. Shares no code with what it
//! checks: it has its own queries, its own requests and its own idea of what is right.

mod activations;
mod drills;
mod endings;
mod events;
mod facts;
mod finding;
mod journals;
mod messages;
mod payments;
mod plants;
mod purchases;
mod returns;
mod streams;
#[cfg(test)]
mod tests;
mod views;
mod wallets;

pub(crate) use self::{
    facts::Facts,
    finding::{Finding, Grade},
    messages::late as late_messages,
    plants::{Planted, plant_all},
    purchases::absorbed,
};

/// Everything that is wrong, the worst first.
pub(crate) fn contradictions(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(purchases::check(facts));
    findings.extend(views::check(facts));
    findings.extend(wallets::check(facts));
    findings.extend(journals::check(facts));
    findings.extend(activations::check(facts));
    findings.extend(messages::check(facts));
    findings.extend(payments::check(facts));
    findings.extend(returns::check(facts));
    findings.extend(events::check(facts));
    findings.extend(streams::check(facts));
    findings.extend(drills::check(facts));
    findings.extend(endings::check(facts));
    findings.sort_by_key(|finding| finding.grade);
    findings
}
