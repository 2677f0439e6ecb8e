use domain::{
    ledger::{
        adjust::{Adjustments, Proposal},
        audit::{AuditBooks, AuditReport, TrialLine},
    },
    money::{Currency, Money},
};
use serde_json::{Value, json};

use super::{
    Desk,
    word::{refused, word},
};
use crate::{
    Answer, Exit, Failure,
    cli::{Adjust, Audit, Ledger, Propose, Settle, Statement},
};

/// Runs `ledger …`.
pub async fn ledger(desk: &Desk, command: &Ledger) -> Result<Answer, Failure> {
    match command {
        Ledger::Audit(audit) => Ok(describe(&self::audit(desk, audit).await?)),
        Ledger::TrialBalance => trial_balance(desk).await,
        Ledger::Statement(statement) => self::statement(desk, statement).await,
        Ledger::Settle(settle) => self::settle(desk, settle).await,
        Ledger::Adjust(Adjust::Propose(propose)) => self::propose(desk, propose).await,
        Ledger::Adjust(Adjust::Approve { reference, approver }) => {
            approve(desk, reference, approver).await
        }
        Ledger::Adjust(Adjust::List { limit }) => proposals(desk, *limit).await,
    }
}

async fn audit(desk: &Desk, arguments: &Audit) -> Result<AuditReport, Failure> {
    let books = AuditBooks::new(desk.store.clone(), desk.ledger.clone(), desk.upkeep.clone());
    Ok(match (arguments.recent, arguments.freeze) {
        (true, true) => books.recent().await?,
        (true, false) => desk.upkeep.audit_recent().await?.0,
        (false, true) => books.full().await?,
        (false, false) => desk.ledger.audit().await?,
    })
}

async fn trial_balance(desk: &Desk) -> Result<Answer, Failure> {
    let lines = desk.ledger.trial_balance().await?;
    let sum = |currency: Currency| -> i64 {
        let lines = lines.iter().filter(|line| line.currency == currency.code());
        lines.map(|line| line.balance).sum()
    };
    let sums = Currency::ALL.map(|currency| (currency.code(), sum(currency)));
    let holds = sums.iter().all(|(_, sum)| *sum == 0);
    let json = json!({ "clean": holds, "accounts": trial_lines(&lines) });
    let answer = Answer::rows(json, TRIAL, lines.iter().map(trial_row).collect());
    if holds {
        return Ok(answer.and("each currency adds up to zero"));
    }
    let sums = sums.map(|(currency, sum)| format!("{currency} adds up to {sum}"));
    Ok(answer.and(sums.join(", ")).with_exit(Exit::Mismatch))
}

async fn statement(desk: &Desk, arguments: &Statement) -> Result<Answer, Failure> {
    let user = desk.customer(&arguments.customer).await?;
    let lines = desk.ledger.statement(user, arguments.before, arguments.limit).await?;
    let currency = desk.ledger.currency(user).await?.code();
    let json = lines.iter().map(|line| {
        json!({
            "seq": line.seq, "at": line.at.to_rfc3339(), "kind": line.kind.as_str(),
            "key": line.key, "currency": currency, "amount": line.amount,
            "available": line.after.available, "held": line.after.held, "debt": line.after.debt,
        })
    });
    let json = Value::Array(json.collect());
    let rows = lines.iter().map(|line| {
        [
            line.seq.to_string(),
            line.at.to_rfc3339(),
            line.kind.as_str().to_owned(),
            currency.to_owned(),
            line.amount.to_string(),
            line.after.available.to_string(),
            line.after.held.to_string(),
            line.after.debt.to_string(),
            line.key.clone(),
        ]
    });
    let header = ["no", "when", "kind", "currency", "amount", "available", "held", "owed", "step"];
    Ok(Answer::rows(json, header, rows.collect()))
}

async fn settle(desk: &Desk, arguments: &Settle) -> Result<Answer, Failure> {
    let wrong = |why: String| Failure::usage(anyhow::anyhow!("--amount and --fee {why}"));
    let (currency, amount, fee) = arguments.amounts().map_err(wrong)?;
    let decision = arguments.word.decision(&arguments.reference)?;
    let net = Money { currency, amount };
    let gateway = arguments.gateway;
    let posted = desk
        .treasury()
        .settle(gateway, net, fee, &decision)
        .await
        .map_err(|error| refused(error, format!("payout of {} not booked", gateway.code())))?;
    let json = json!({ "gateway": gateway.code(), "posted": word(posted) });
    let (code, reference) = (gateway.code(), &arguments.reference);
    Ok(Answer::say(json, format_args!("payout {reference} of {code}: {}", word(posted))))
}

async fn propose(desk: &Desk, arguments: &Propose) -> Result<Answer, Failure> {
    let adjustments = Adjustments::new(desk.store.clone(), desk.ids.clone());
    let fresh = || adjustments.fresh_reference();
    let proposal = Proposal {
        reference: arguments.reference.clone().unwrap_or_else(fresh),
        user: desk.customer(&arguments.customer).await?,
        change: arguments.change.into(),
        amount: arguments.amount,
        operator: arguments.word.operator()?,
        reason: arguments.word.reason.clone(),
    };
    let is_new = adjustments
        .propose(&proposal)
        .await
        .map_err(|error| refused(error, "nothing proposed".to_owned()))?;
    let reference = &proposal.reference;
    let json = json!({ "reference": reference, "new": is_new });
    let next = format!("ctl ledger adjust approve --reference {reference} --approver NAME");
    Ok(Answer::say(json, format_args!("{reference} waits for a second person: {next}")))
}

async fn approve(desk: &Desk, reference: &str, approver: &str) -> Result<Answer, Failure> {
    let adjustments = Adjustments::new(desk.store.clone(), desk.ids.clone());
    let (posted, wallet) = adjustments
        .approve(reference, approver)
        .await
        .map_err(|error| refused(error, format!("{reference} not approved")))?;
    let (available, held) = (wallet.available.get(), wallet.held.get());
    let json = json!({ "posted": word(posted), "available": available, "held": held });
    let text = format_args!("{reference}: {}, {available} available", word(posted));
    Ok(Answer::say(json, text))
}

async fn proposals(desk: &Desk, limit: u32) -> Result<Answer, Failure> {
    let mut listed = Vec::new();
    for proposal in desk.ledger.proposals(limit).await? {
        let currency = desk.ledger.currency(proposal.proposal.user).await?.code();
        listed.push((proposal, currency));
    }
    let json = listed.iter().map(|(it, currency)| {
        let Proposal { reference, user, change, amount, operator, reason } = &it.proposal;
        let approved =
            it.approved.as_ref().map(|(by, at)| json!({ "by": by, "at": at.to_rfc3339() }));
        json!({
            "reference": reference, "customer_id": user.get(), "change": change.as_str(),
            "currency": currency, "amount": amount.get(), "operator": operator, "reason": reason,
            "at": it.at.to_rfc3339(), "approved": approved,
        })
    });
    let json = Value::Array(json.collect());
    let rows = listed.iter().map(|(it, currency)| {
        let Proposal { reference, user, change, amount, operator, reason } = &it.proposal;
        let approved = it.approved.as_ref().map_or("waits", |(by, _)| by.as_str());
        [
            reference.clone(),
            user.to_string(),
            change.as_str().to_owned(),
            format!("{amount} {currency}"),
            operator.clone(),
            approved.to_owned(),
            reason.clone(),
        ]
    });
    let header = ["reference", "customer", "change", "amount", "operator", "approved by", "reason"];
    Ok(Answer::rows(json, header, rows.collect()))
}

const TRIAL: [&str; 3] = ["accounts", "currency", "balance"];

fn trial_row(line: &TrialLine) -> [String; 3] {
    [line.class.clone(), line.currency.clone(), line.balance.to_string()]
}

fn describe(report: &AuditReport) -> Answer {
    let json = json!({
        "clean": report.is_clean(),
        "transfers": report.transfers,
        "wallets": report.wallets,
        "findings": findings(report),
        "trial_balance": trial_lines(&report.trial_balance),
        "root": report.root,
    });
    let size = format!("{} movements and {} wallets", report.transfers, report.wallets);
    if report.is_clean() {
        let rows = report.trial_balance.iter().map(trial_row).collect();
        let mut answer = Answer::rows(json, TRIAL, rows);
        if let Some(root) = &report.root {
            answer = answer.and(format_args!("root of the chains: {root}"));
        }
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

fn trial_lines(lines: &[TrialLine]) -> Vec<Value> {
    let body = |line: &TrialLine| json!({ "class": line.class, "currency": line.currency, "balance": line.balance });
    lines.iter().map(body).collect()
}
