//! Events that webhooks bring, read only after their signature was checked.

use domain::{
    gateways::{Payment, PaymentKind, VerifyError},
    ledger::Gateway,
};
use serde::Deserialize;
use serde_json::Value;

use super::session::{Session, is_id};

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// What `raw` tells of a payment; nothing for events that we do not act on.
///
/// The object is written in the API version that the webhook was created with, so everything that
/// is not needed may be missing.
pub(super) fn read(raw: &[u8], livemode: bool) -> Result<Option<Payment>, VerifyError> {
    let event: Event = serde_json::from_slice(raw).map_err(|_| VerifyError::Unreadable)?;
    if event.livemode != livemode {
        return Err(VerifyError::WrongMode);
    }
    if !event.kind.starts_with("checkout.session.") {
        return Ok(None);
    }
    let session = Session::deserialize(&event.data.object).map_err(|_| VerifyError::Unreadable)?;
    let Some((kind, amount_counts)) = judge(&event.kind, session.payment_status.as_deref())? else {
        return Ok(None);
    };
    if !is_id(&event.id) || !is_id(&session.id) {
        return Err(VerifyError::Unreadable);
    }
    Ok(Some(Payment {
        gateway: Gateway::Stripe,
        amount: session.amount().filter(|_| amount_counts),
        topup: session.topup(),
        event_id: event.id,
        payment_id: session.id,
        kind,
    }))
}

/// What happened, and whether the session's amount is what was paid.
fn judge(
    kind: &str,
    payment_status: Option<&str>,
) -> Result<Option<(PaymentKind, bool)>, VerifyError> {
    Ok(Some(match (kind, payment_status) {
        ("checkout.session.completed", Some("paid"))
        | ("checkout.session.async_payment_succeeded", _) => (PaymentKind::Paid, true),
        ("checkout.session.completed", Some("unpaid")) => (PaymentKind::Processing, true),
        // Nothing was paid, which a top-up does not allow: without an amount nothing is credited
        // and the operator is told.
        ("checkout.session.completed", Some("no_payment_required")) => (PaymentKind::Paid, false),
        ("checkout.session.completed", _) => return Err(VerifyError::Unreadable),
        ("checkout.session.async_payment_failed", _) => (PaymentKind::Failed, true),
        ("checkout.session.expired", _) => (PaymentKind::Expired, true),
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests;
