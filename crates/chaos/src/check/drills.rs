//! Tasks take effect once, however often they were begun.

use std::collections::HashMap;

use super::{Facts, Finding};
use crate::history::{Call, Outcome};

pub(super) fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut times: HashMap<&str, i64> = HashMap::new();
    // The workers' own may rightly be begun anew while they run.
    let drills = facts.books().canaries.iter().filter(|it| it.subject.starts_with("drill-"));
    for canary in drills {
        if canary.times != 1 {
            let text = format!("task {} took effect {} times", canary.task_id, canary.times);
            findings.push(Finding::double(text));
        }
        *times.entry(&canary.subject).or_default() += 1;
    }
    for attempt in &facts.attempts {
        let Call::Drill { subjects } = attempt.call else { continue };
        let is_given = attempt.end.is_some_and(|(_, answer)| answer.outcome == Outcome::Ok);
        for subject in subjects {
            match times.get(subject.as_str()).copied().unwrap_or(0) {
                0 if is_given => {
                    findings.push(Finding::lost(format!("task {subject} never took effect")));
                }
                0 | 1 => {}
                many => {
                    findings.push(Finding::double(format!("{subject} made {many} tasks")));
                }
            }
        }
    }
    findings
}
