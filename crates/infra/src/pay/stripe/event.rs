//! Events, as webhooks bring them and as they are read afterwards.

use domain::{
    gateways::{Notice, PaymentRef, VerifyError},
    ledger::Gateway,
};
use serde::Deserialize;
use serde_json::Value;

use super::session::is_id;
use crate::pay::text;

/// The events that a payment can have; Stripe lists at most twenty kinds at once.
pub(super) const KINDS: [&str; 14] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
];
/// Stripe's own are shorter.
const LONGEST_KIND: usize = 100;

/// An event as far as we read it: what happened is asked for afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    object: Subject,
}

/// What the event is about. The rest is dropped while reading: it may be large.
#[derive(Debug, Deserialize)]
struct Subject {
    #[serde(default)]
    id: Value,
    /// An id, or the object with that id.
    #[serde(default)]
    payment_intent: Value,
}

/// Which payment the event in `raw` is about; nothing for events that are about something else.
pub(super) fn read(raw: &[u8], livemode: bool) -> Result<Option<Notice>, VerifyError> {
    let event: Event = serde_json::from_slice(raw).map_err(|_| VerifyError::Unreadable)?;
    event.notice(livemode)
}

impl Event {
    /// See [`read`].
    pub(super) fn notice(self, livemode: bool) -> Result<Option<Notice>, VerifyError> {
        if self.livemode != livemode {
            return Err(VerifyError::WrongMode);
        }
        let Some(payment) = self.payment()? else { return Ok(None) };
        let is_kind = text::is_id(&self.kind) && self.kind.len() <= LONGEST_KIND;
        if !is_id(&self.id) || !is_kind {
            return Err(VerifyError::Unreadable);
        }
        Ok(Some(Notice {
            gateway: Gateway::Stripe,
            event_id: self.id,
            event_kind: self.kind,
            payment,
        }))
    }

    /// Charges, refunds and disputes know their payment intent and never the session. Without one
    /// they are not of a session at all.
    fn payment(&self) -> Result<Option<PaymentRef>, VerifyError> {
        let object = &self.data.object;
        if self.kind.starts_with("checkout.session.") {
            let id = object.id.as_str().filter(|it| is_id(it)).ok_or(VerifyError::Unreadable)?;
            return Ok(Some(PaymentRef::Payment(id.to_owned())));
        }
        if !self.kind.starts_with("charge.") && !self.kind.starts_with("refund.") {
            return Ok(None);
        }
        let intent = match &object.payment_intent {
            Value::Null => return Ok(None),
            Value::Object(intent) => intent.get("id").and_then(Value::as_str),
            intent => intent.as_str(),
        };
        let intent = intent.filter(|it| is_id(it)).ok_or(VerifyError::Unreadable)?;
        Ok(Some(PaymentRef::Alias(intent.to_owned())))
    }
}

#[cfg(test)]
mod tests;
