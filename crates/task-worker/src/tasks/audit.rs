use async_trait::async_trait;
use domain::ledger::audit::{AuditBooks, AuditReport};
use metrics::gauge;

use super::sync::wide;
use crate::{Progress, Task, TaskError};

/// Proves the books, raises the alarm when they do not hold, and stops the accounts concerned. It
/// repairs nothing.
pub struct Audit {
    books: AuditBooks,
    scope: Scope,
}

/// How far an audit looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What was finished since the last time.
    Recent,
    /// Everything from the first movement on.
    Full,
}

impl Scope {
    const fn name(self) -> &'static str {
        match self {
            Self::Recent => "recent",
            Self::Full => "full",
        }
    }
}

impl Audit {
    /// Findings that are logged one by one; the count of all is in the metric and the last line.
    const MOST_LOGGED: usize = 100;

    /// Wires the task.
    pub fn new(books: AuditBooks, scope: Scope) -> Self {
        Self { books, scope }
    }
}

#[async_trait]
impl Task for Audit {
    async fn run(&self) -> Result<Progress, TaskError> {
        let report = match self.scope {
            Scope::Recent => self.books.recent().await?,
            Scope::Full => self.books.full().await?,
        };
        tell(&report, self.scope.name());
        Ok(Progress::Done)
    }
}

fn tell(report: &AuditReport, scope: &'static str) {
    let count = report.findings.len();
    gauge!("ledger_audit_findings", "scope" => scope)
        .set(wide(i64::try_from(count).unwrap_or(i64::MAX)));
    for finding in report.findings.iter().take(Audit::MOST_LOGGED) {
        tracing::error!(
            invariant = finding.invariant,
            user.id = finding.user_id,
            order.id = finding.order_id,
            "the books do not hold: {}",
            finding.detail
        );
    }
    if count > 0 {
        tracing::error!(count, "the {scope} audit of {} movements found {count}", report.transfers);
    } else if let Some(root) = &report.root {
        // Outside of the database it shows later whether history was rewritten.
        tracing::info!(root, "the {scope} audit of {} movements found nothing", report.transfers);
    } else {
        tracing::debug!("the {scope} audit of {} movements found nothing", report.transfers);
    }
}
