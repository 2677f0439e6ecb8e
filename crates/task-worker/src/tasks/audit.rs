use std::sync::Arc;

use async_trait::async_trait;
use domain::ledger::LedgerQueries;
use metrics::gauge;

use super::sync::wide;
use crate::{Progress, Task, TaskError};

/// Proves the books and raises the alarm when they do not hold. It repairs nothing.
pub struct Audit(pub Arc<dyn LedgerQueries>);

impl Audit {
    /// Findings that are logged one by one; the count of all is in the metric and the last line.
    const MOST_LOGGED: usize = 100;
}

#[async_trait]
impl Task for Audit {
    async fn run(&self) -> Result<Progress, TaskError> {
        let report = self.0.audit().await?;
        let count = report.findings.len();
        gauge!("ledger_audit_findings").set(wide(i64::try_from(count).unwrap_or(i64::MAX)));
        for finding in report.findings.iter().take(Self::MOST_LOGGED) {
            tracing::error!(
                invariant = finding.invariant,
                user.id = finding.user_id,
                order.id = finding.order_id,
                "the books do not hold: {}",
                finding.detail
            );
        }
        if count > 0 {
            tracing::error!(count, "the audit of {} movements found {count}", report.transfers);
        } else {
            tracing::debug!("the audit of {} movements found nothing", report.transfers);
        }
        Ok(Progress::Done)
    }
}
