//! What was booked of a top-up, one line for each.

use domain::topups::{PaymentRecord, Refund, Resolution, Reversal, TopupHistory};
use serde_json::{Map, Value, json};

pub(super) fn body(history: &TopupHistory) -> Map<String, Value> {
    let lists = [
        ("payments", history.payments.iter().map(payment).collect()),
        ("reversals", history.reversals.iter().map(reversal).collect()),
        ("refunds", history.refunds.iter().map(refund).collect()),
        ("resolutions", history.resolutions.iter().map(resolution).collect()),
    ];
    lists.into_iter().map(|(name, list)| (name.to_owned(), Value::Array(list))).collect()
}

pub(super) fn lines(history: &TopupHistory) -> Vec<String> {
    let mut lines = Vec::new();
    for PaymentRecord { payment_id, credited, reversed, .. } in &history.payments {
        lines.push(format!("payment {payment_id}: {credited} IDR credited, {reversed} taken back"));
    }
    for Reversal { id, kind, amount, taken, given, state, .. } in &history.reversals {
        let (kind, state, given) = (kind.as_str(), state.as_str(), returned(*given));
        lines.push(format!("{kind} {id}: {amount} went back, {taken} IDR taken{given}, {state}"));
    }
    for refund in &history.refunds {
        let Refund { id, amount, given, value, state, operator, approver, claim_url, .. } = refund;
        let (state, given) = (state.as_str(), returned(*given));
        let claim =
            claim_url.as_ref().map_or_else(String::new, |url| format!(", claimed at {url}"));
        lines.push(format!(
            "refund {id}: {value} for {amount} IDR{given}, {state}, by {operator} and {approver}{claim}"
        ));
    }
    for Resolution { flag, operator, note, .. } in &history.resolutions {
        lines.push(format!("{} dealt with by {operator}: {note}", flag.as_str()));
    }
    lines
}

/// What of it the customer has got back.
fn returned(given: i64) -> String {
    if given > 0 { format!(", {given} IDR given back") } else { String::new() }
}

fn payment(payment: &PaymentRecord) -> Value {
    json!({
        "payment_id": payment.payment_id, "received": payment.received,
        "credited": payment.credited, "returned": payment.returned, "reversed": payment.reversed,
    })
}

fn reversal(reversal: &Reversal) -> Value {
    json!({
        "id": reversal.id, "kind": reversal.kind.as_str(), "payment_id": reversal.payment_id,
        "amount": reversal.amount.to_string(), "taken": reversal.taken,
        "given": reversal.given, "state": reversal.state.as_str(),
    })
}

/// One refund, for scripts.
pub(super) fn refund(refund: &Refund) -> Value {
    json!({
        "id": refund.id.to_string(), "payment_id": refund.payment_id,
        "amount": refund.amount.get(), "given": refund.given, "value": refund.value.to_string(),
        "state": refund.state.as_str(), "operator": refund.operator, "approver": refund.approver,
        "reason": refund.reason, "gateway_refund_id": refund.gateway_refund_id,
        "claim_url": refund.claim_url, "created_at": refund.created_at.to_rfc3339(),
    })
}

fn resolution(resolution: &Resolution) -> Value {
    json!({
        "flag": resolution.flag.as_str(), "operator": resolution.operator,
        "note": resolution.note, "at": resolution.at.to_rfc3339(),
    })
}
