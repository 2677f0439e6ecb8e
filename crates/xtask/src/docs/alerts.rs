//! Every alert has a runbook, and asks for metrics that exist.

use std::collections::BTreeSet;

use crate::report::Finding;

/// One alert as `deploy/prometheus/alerts.yml` writes it: its name, expression and runbook, each on
/// a line of its own.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Alert {
    name: String,
    line: usize,
    expression: String,
    runbook: String,
}

/// Reads the rules file. Not YAML in general: the few lines that matter, in the form we write.
pub(super) fn read(text: &str) -> Vec<Alert> {
    let mut alerts: Vec<Alert> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("- alert:") {
            let name = name.trim().to_owned();
            alerts.push(Alert { name, line: number + 1, ..Alert::default() });
        } else if let Some(alert) = alerts.last_mut() {
            if let Some(expression) = line.strip_prefix("expr:") {
                expression.trim().clone_into(&mut alert.expression);
            } else if let Some(runbook) = line.strip_prefix("runbook:") {
                runbook.trim().clone_into(&mut alert.runbook);
            }
        }
    }
    alerts
}

/// Alerts without a runbook, and those that ask for a metric nobody records.
pub(super) fn broken(
    alerts: &[Alert],
    path: &str,
    recorded: &BTreeSet<String>,
    exists: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for alert in alerts {
        let at = |message: String| Finding::at(path, alert.line, message);
        if alert.runbook.is_empty() || !exists(&alert.runbook) {
            findings.push(at(format!("{} has no runbook", alert.name)));
        }
        let asked = metrics(&alert.expression);
        if asked.is_empty() {
            findings.push(at(format!("{} asks for no metric", alert.name)));
        }
        let unknown = asked.iter().filter(|metric| !is_recorded(metric, recorded));
        findings.extend(unknown.map(|metric| at(format!("nobody records `{metric}`"))));
    }
    findings
}

/// Names of metrics in an expression: words with an underscore that no bracket opens, outside of
/// label matchers and texts.
fn metrics(expression: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut closer = None;
    let mut word = String::new();
    for letter in expression.chars().chain([' ']) {
        if let Some(closing) = closer {
            closer = (letter != closing).then_some(closing);
            continue;
        }
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' {
            word.push(letter);
            continue;
        }
        let word = std::mem::take(&mut word);
        let is_metric = word.contains('_') && letter != '(' && !FUNCTIONS.contains(&word.as_str());
        if is_metric {
            found.insert(word);
        }
        closer = match letter {
            '{' => Some('}'),
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
    }
    found
}

/// Words of the query language that look like metrics.
const FUNCTIONS: [&str; 2] = ["group_left", "group_right"];

/// Histograms are asked for by their parts.
fn is_recorded(metric: &str, recorded: &BTreeSet<String>) -> bool {
    let whole = |suffix: &str| metric.strip_suffix(suffix).is_some_and(|m| recorded.contains(m));
    recorded.contains(metric) || whole("_bucket") || whole("_count") || whole("_sum")
}

/// Metrics that a source text may record: every name in quotes, where it records anything at all.
/// Some names reach the macro through a parameter.
pub(super) fn recorded(text: &str) -> impl Iterator<Item = String> + '_ {
    let records = ["counter!(", "gauge!(", "histogram!("].iter().any(|call| text.contains(call));
    let is_name = |word: &&str| {
        word.contains('_') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    let quoted = text.split('"').skip(1).step_by(2);
    quoted.filter(move |word| records && is_name(word)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "
groups:
  - name: money
    rules:
      - alert: BooksDoNotHold
        expr: max(ledger_audit_findings) > 0
        annotations:
          runbook: docs/runbooks/audit-mismatch.md
      - alert: Slow
        expr: histogram_quantile(0.9, rate(task_run_seconds_bucket{task=\"x_y\"}[5m])) > lost_metric
";

    #[test]
    fn names_what_is_missing() {
        let text = "gauge!(\"ledger_audit_findings\"); histogram!(\n  \"task_run_seconds\", 1)";
        let recorded: BTreeSet<String> = recorded(text).collect();
        let found =
            broken(&read(RULES), "alerts.yml", &recorded, |path| path.ends_with("mismatch.md"));
        let messages: Vec<_> = found.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["Slow has no runbook", "nobody records `lost_metric`"]);
    }

    #[test]
    fn leaves_labels_and_functions_alone() {
        let expression = "rate(a_total{some_label=\"other_name\"}[5m]) / b_total > 0";
        let found: Vec<_> = metrics(expression).into_iter().collect();
        assert_eq!(found, ["a_total", "b_total"]);
    }
}
