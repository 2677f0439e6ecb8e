use domain::ledger::audit::AuditReport;
use serde_json::{Value, json};

use super::Desk;
use crate::{Answer, Exit, Failure, cli::Ledger};

/// Runs `ledger …`.
pub async fn ledger(desk: &Desk, command: &Ledger) -> Result<Answer, Failure> {
    let Ledger::Audit = command;
    Ok(describe(&desk.ledger.audit().await?))
}

fn describe(report: &AuditReport) -> Answer {
    let json = json!({
        "clean": report.is_clean(),
        "transfers": report.transfers,
        "wallets": report.wallets,
        "findings": findings(report),
        "trial_balance": trial_balance(report),
    });
    let size = format!("{} movements and {} wallets", report.transfers, report.wallets);
    if report.is_clean() {
        let rows = report
            .trial_balance
            .iter()
            .map(|line| [line.class.clone(), line.currency.clone(), line.balance.to_string()]);
        let header = ["accounts", "currency", "balance"];
        let answer = Answer::rows(json, header, rows.collect());
        return answer.and(format_args!("{size} looked at: the books hold"));
    }
    let shown = |id: Option<i64>| id.map_or_else(String::new, |id| id.to_string());
    let rows = report.findings.iter().map(|finding| {
        let (user, order) = (shown(finding.user_id), shown(finding.order_id));
        [finding.invariant.clone(), user, order, finding.detail.clone()]
    });
    let header = ["invariant", "customer", "order", "what does not hold"];
    Answer::rows(json, header, rows.collect())
        .and(format_args!("{size} looked at: {} findings", report.findings.len()))
        .with_exit(Exit::Mismatch)
}

fn findings(report: &AuditReport) -> Vec<Value> {
    let body = |finding: &domain::ledger::audit::Finding| {
        json!({
            "invariant": finding.invariant, "customer_id": finding.user_id,
            "order_id": finding.order_id, "detail": finding.detail,
        })
    };
    report.findings.iter().map(body).collect()
}

fn trial_balance(report: &AuditReport) -> Vec<Value> {
    let body = |line: &domain::ledger::audit::TrialLine| json!({ "class": line.class, "currency": line.currency, "balance": line.balance });
    report.trial_balance.iter().map(body).collect()
}
