use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::quantiles::Quantiles;
use crate::{
    check::{Facts, Finding, Grade, Planted, absorbed, late_messages},
    history::{Call, Header, Outcome, What},
    nemesis::Act,
};

/// What a check came to.
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    /// What was planted into the books to test the check.
    pub(crate) planted: Vec<Planted>,
    /// Whether the run is what it should be.
    pub(crate) passed: bool,
}

/// One run in figures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) header: Header,
    /// Whether the run is what it should be.
    pub(crate) passed: bool,
    /// From the first fault to the last.
    pub(crate) seconds: u64,
    /// How often each fault happened.
    pub(crate) faults: BTreeMap<String, u64>,
    /// Requests by how they ended for the customer.
    pub(crate) requests: Requests,
    /// Orders that customers have.
    pub(crate) orders: u64,
    pub(crate) messages: u64,
    pub(crate) payments: u64,
    /// Refunds, and what gateways and banks took back.
    pub(crate) returns: u64,
    pub(crate) transfers: u64,
    /// Events that reached somebody who listened.
    pub(crate) heard: u64,
    /// Tasks whose every effect left a trace.
    pub(crate) tasks: u64,
    /// Purchases that were made although the answer got lost, and not made again.
    pub(crate) absorbed: u64,
    /// Messages to numbers whose order was over.
    pub(crate) late_messages: u64,
    pub(crate) verdict: Verdict,
    pub(crate) recovery: BTreeMap<String, Quantiles>,
    /// From the last request until everything had come to its end.
    pub(crate) rest_ms: Option<u64>,
    pub(crate) planted: u64,
    pub(crate) caught: u64,
    pub(crate) notes: Vec<String>,
}

/// How calls ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Requests {
    pub(crate) done: u64,
    pub(crate) refused: u64,
    pub(crate) unknown: u64,
}

/// What the check found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) lost: u64,
    pub(crate) double: u64,
    pub(crate) wrong: u64,
    pub(crate) stuck: u64,
}

impl Summary {
    pub(crate) fn of(facts: &Facts<'_>, judged: &Judged) -> anyhow::Result<Self> {
        let history = &facts.evidence.history;
        let header = history.iter().find_map(|entry| match &entry.what {
            What::Begin(header) => Some(header.clone()),
            _ => None,
        });
        let books = facts.books();
        let orders = books.orders.iter().filter(|order| order.state != "FAILED").count();
        let caught = judged.planted.iter().filter(|it| !it.found.is_empty()).count();
        Ok(Self {
            header: header.context("the history has no beginning")?,
            passed: judged.passed,
            seconds: seconds(facts),
            faults: faults(facts),
            requests: requests(facts),
            orders: wide(orders),
            messages: wide(books.messages.len()),
            payments: wide(facts.world().payments.len()),
            returns: wide(books.reversals.len() + books.refunds.len()),
            transfers: wide(books.transfers.len()),
            heard: wide(
                history.iter().filter(|entry| matches!(entry.what, What::Heard { .. })).count(),
            ),
            tasks: wide(books.canaries.len()),
            absorbed: wide(absorbed(facts)),
            late_messages: wide(late_messages(facts)),
            verdict: verdict(&judged.findings),
            recovery: recovery(facts),
            rest_ms: history.iter().find_map(|entry| match entry.what {
                What::Quiet { after_ms } => Some(after_ms),
                _ => None,
            }),
            planted: wide(judged.planted.len()),
            caught: wide(caught),
            notes: history
                .iter()
                .filter_map(|entry| match &entry.what {
                    What::Note { text } => Some(text.clone()),
                    _ => None,
                })
                .collect(),
        })
    }

    /// What the run is called in tables.
    pub(crate) fn name(&self) -> String {
        let control = if self.header.is_control { ", workers without the fence" } else { "" };
        let pool = match self.header.connections {
            1 => ", 1 connection".to_owned(),
            2..8 => format!(", {} connections", self.header.connections),
            _ => String::new(),
        };
        format!("{}{pool}{control}", self.header.profile)
    }

    pub(crate) fn save(&self, directory: &Path) -> anyhow::Result<()> {
        let path = directory.join("summary.json");
        fs::write(path, serde_json::to_string_pretty(self)? + "\n").context("no summary")
    }

    pub(crate) fn load(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("summary.json");
        let text = fs::read_to_string(&path);
        let text = text.with_context(|| format!("cannot read {}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }
}

fn wide(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

fn seconds(facts: &Facts<'_>) -> u64 {
    let faults = facts
        .evidence
        .history
        .iter()
        .filter(|entry| matches!(entry.what, What::Fault { .. } | What::Healed { .. }));
    let times: Vec<u64> = faults.map(|entry| entry.at_ms).collect();
    let length = times.last().zip(times.first()).map_or(0, |(last, first)| last - first);
    length.div_ceil(1000)
}

/// Faults that came to nothing, such as a cut on a wire without traffic, do not count.
fn faults(facts: &Facts<'_>) -> BTreeMap<String, u64> {
    let mut begun: BTreeMap<u64, &Act> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for entry in &facts.evidence.history {
        match &entry.what {
            What::Fault { number, act } => {
                begun.insert(*number, act);
            }
            What::Healed { number, note } if note != "put out" && !note.starts_with("skipped") => {
                if let Some(act) = begun.get(number) {
                    *counts.entry(act.label()).or_default() += 1;
                }
            }
            _ => {}
        }
    }
    counts
}

fn requests(facts: &Facts<'_>) -> Requests {
    let mut requests = Requests::default();
    for attempt in &facts.attempts {
        match attempt.end.map(|(_, answer)| answer.outcome) {
            Some(Outcome::Ok) => requests.done += 1,
            Some(Outcome::Fail) => requests.refused += 1,
            Some(Outcome::Unknown) | None => requests.unknown += 1,
        }
    }
    requests
}

fn verdict(findings: &[Finding]) -> Verdict {
    let many = |grade| wide(findings.iter().filter(|finding| finding.grade == grade).count());
    Verdict {
        lost: many(Grade::Lost),
        double: many(Grade::Double),
        wrong: many(Grade::Wrong),
        stuck: many(Grade::Stuck),
    }
}

fn recovery(facts: &Facts<'_>) -> BTreeMap<String, Quantiles> {
    let mut times: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for entry in &facts.evidence.history {
        match &entry.what {
            What::Recovered { what, ms } => times.entry(what.clone()).or_default().push(*ms),
            What::Fault { act: Act::KillPostgres, .. } => {
                let found = first_purchase(facts, entry.at_ms).map(|at_ms| at_ms - entry.at_ms);
                times
                    .entry("first purchase after a kill of Postgres".into())
                    .or_default()
                    .extend(found);
            }
            _ => {}
        }
    }
    times.into_iter().map(|(what, times)| (what, Quantiles::of(times))).collect()
}

/// The end of the first purchase that began and succeeded after that.
fn first_purchase(facts: &Facts<'_>, after_ms: u64) -> Option<u64> {
    let begun = facts.attempts.partition_point(|attempt| attempt.begun_ms <= after_ms);
    let purchases = facts.attempts.get(begun..)?.iter().filter_map(|attempt| {
        let (at_ms, answer) = attempt.end?;
        let is_purchase = matches!(attempt.call, Call::Buy { .. });
        (is_purchase && answer.outcome == Outcome::Ok).then_some(at_ms)
    });
    // One that began early may end late; few begin within the time this takes.
    purchases.take(50).min()
}
