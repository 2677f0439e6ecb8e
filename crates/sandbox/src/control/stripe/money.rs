//! Money that goes back: refunds by hand and disputes.

use axum::{Router, extract::State, routing::post};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, ControlError, Input, send_each};
use crate::{
    protocols::stripe::{Complaint, Deliver, DisputeStatus, Paid, RefundStatus},
    world::App,
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/stripe/refund", post(refund))
        .route("/stripe/refund/settle", post(settle))
        .route("/stripe/dispute", post(dispute))
        .route("/stripe/dispute/decide", post(decide))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refund {
    session_id: Option<String>,
    payment_intent: Option<String>,
    /// All that is left when absent.
    amount: Option<u64>,
    deliver: Option<Deliver>,
}

async fn refund(
    State(app): State<App>,
    Input(refund): Input<Refund>,
) -> Result<Answer, ControlError> {
    let paid = paid(refund.session_id, refund.payment_intent)?;
    let (id, events) = app.world().stripe.give_back(&paid, refund.amount)?;
    let events = send_each(&app, &events, refund.deliver).await;
    Ok(Answer(json!({ "refund_id": id, "events": events })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    refund_id: String,
    status: RefundStatus,
    failure_reason: Option<String>,
    deliver: Option<Deliver>,
}

async fn settle(
    State(app): State<App>,
    Input(settle): Input<Settle>,
) -> Result<Answer, ControlError> {
    let Settle { refund_id, status, failure_reason, deliver } = settle;
    let events = app.world().stripe.settle_refund(&refund_id, status, failure_reason)?;
    let events = send_each(&app, &events, deliver).await;
    Ok(Answer(json!({ "refund_id": refund_id, "events": events })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dispute {
    session_id: Option<String>,
    payment_intent: Option<String>,
    /// All that was paid when absent.
    amount: Option<u64>,
    reason: Option<String>,
    /// Starts as `warning_needs_response`, which takes no money yet.
    inquiry: Option<bool>,
    deliver: Option<Deliver>,
}

async fn dispute(
    State(app): State<App>,
    Input(dispute): Input<Dispute>,
) -> Result<Answer, ControlError> {
    let paid = paid(dispute.session_id, dispute.payment_intent)?;
    let complaint = Complaint {
        amount: dispute.amount,
        reason: dispute.reason,
        is_inquiry: dispute.inquiry.unwrap_or(false),
    };
    let (id, events) = app.world().stripe.dispute(&paid, complaint)?;
    let events = send_each(&app, &events, dispute.deliver).await;
    Ok(Answer(json!({ "dispute_id": id, "events": events })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decide {
    dispute_id: String,
    status: DisputeStatus,
    deliver: Option<Deliver>,
}

async fn decide(
    State(app): State<App>,
    Input(decide): Input<Decide>,
) -> Result<Answer, ControlError> {
    let events = app.world().stripe.decide_dispute(&decide.dispute_id, decide.status)?;
    let events = send_each(&app, &events, decide.deliver).await;
    Ok(Answer(json!({ "dispute_id": decide.dispute_id, "events": events })))
}

fn paid(session: Option<String>, intent: Option<String>) -> Result<Paid, ControlError> {
    match (session, intent) {
        (Some(session), None) => Ok(Paid::Session(session)),
        (None, Some(intent)) => Ok(Paid::Intent(intent)),
        _ => Err(ControlError::bad_request("give session_id or payment_intent")),
    }
}
