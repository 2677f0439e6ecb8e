//! The figures by which operators judge the queue.

use std::time::Duration;

use domain::tasks::{Burial, Buried, Claim, TaskKind, Verdict};
use metrics::{counter, histogram};

/// How a try ended, as a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Done,
    Retried,
    Snoozed,
    Dead(Burial),
    /// Refused by the token: somebody else had claimed the task.
    Lost,
    /// How it ended could not be stored; the lease runs out.
    Unstored,
}

impl From<Verdict> for Ending {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Retry(_) => Self::Retried,
            Verdict::Snooze(_) => Self::Snoozed,
            Verdict::Bury(burial) => Self::Dead(burial),
        }
    }
}

pub(super) fn claimed(claim: &Claim) {
    let kind = claim.kind.as_str();
    histogram!("queue_claim_latency_seconds", "kind" => kind).record(claim.waited);
    if claim.rescued {
        counter!("queue_leases_expired_total", "kind" => kind).increment(1);
    }
}

pub(super) fn buried(buried: &Buried) {
    dead(buried.kind, Burial::Crashed);
}

pub(super) fn ended(kind: TaskKind, ending: Ending, took: Duration) {
    let outcome = match ending {
        Ending::Done => "done",
        Ending::Retried => "retried",
        Ending::Snoozed => "snoozed",
        Ending::Dead(_) => "dead",
        Ending::Lost => "lost",
        Ending::Unstored => "unstored",
    };
    let name = kind.as_str();
    counter!("queue_runs_total", "kind" => name, "outcome" => outcome).increment(1);
    histogram!("queue_run_seconds", "kind" => name).record(took);
    match ending {
        Ending::Dead(burial) => dead(kind, burial),
        Ending::Lost => {
            counter!("queue_zombie_finishes_total", "kind" => name).increment(1);
        }
        _ => {}
    }
}

fn dead(kind: TaskKind, burial: Burial) {
    let labels = [("kind", kind.as_str()), ("reason", burial.as_str())];
    counter!("queue_dead_letters_total", &labels).increment(1);
}
