use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{desk::Desk, error::StripeError, event::Origin, form::Form};

/// The parameters of a refund.
pub(super) const REFUND: &[&str] = &["payment_intent", "charge", "amount", "reason", "metadata[*]"];

/// Money that was paid, and how much of it went back.
pub(super) struct Payment {
    amount: u64,
    currency: String,
    refunded: u64,
    metadata: BTreeMap<String, String>,
    created: i64,
}

/// How the payer leaves the checkout.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Paid instead of the amount asked for, in minor units.
    pub(crate) amount: Option<u64>,
    pub(crate) currency: Option<String>,
    /// Completed by a method that pays later.
    pub(crate) is_unpaid: bool,
}

/// Why a session cannot be paid.
#[derive(Debug)]
pub(crate) enum PayError {
    Unknown,
    /// Carries the session's state.
    NotOpen(&'static str),
}

impl Desk {
    /// Completes a session and returns the event's id.
    ///
    /// A session completed without money can be paid once more, which is the delayed success.
    pub(super) fn complete(
        &mut self,
        session_id: &str,
        outcome: &Outcome,
    ) -> Result<String, PayError> {
        let intent = self.new_id("pi_", 24);
        let created = self.now.unix_seconds();
        let session = self.sessions.get_mut(session_id).ok_or(PayError::Unknown)?;
        let kind = match (session.status, session.payment_status) {
            ("open", _) => "checkout.session.completed",
            ("complete", "unpaid") if !outcome.is_unpaid => {
                "checkout.session.async_payment_succeeded"
            }
            (status, _) => return Err(PayError::NotOpen(status)),
        };
        session.status = "complete";
        session.amount_total = outcome.amount.unwrap_or(session.amount_total);
        if let Some(currency) = &outcome.currency {
            session.currency.clone_from(currency);
        }
        let intent = session.payment_intent.get_or_insert(intent).clone();
        if !outcome.is_unpaid {
            session.payment_status = "paid";
            let payment = Payment {
                amount: session.amount_total,
                currency: session.currency.clone(),
                refunded: 0,
                metadata: session.payment_metadata.clone(),
                created,
            };
            self.payments.insert(&intent, payment);
        }
        self.due.remove(&(session.expires_at, session_id.to_owned()));
        let object = session.object();
        Ok(self.record(kind, &object, &Origin::default()))
    }

    /// Gives money back. Partial refunds add up to the amount paid at most.
    pub(super) fn refund(&mut self, form: &Form, origin: &Origin) -> Result<Value, StripeError> {
        form.one_of("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
        let (intent, param) = match (form.get("payment_intent"), form.get("charge")) {
            (Some(intent), _) => (intent.to_owned(), "payment_intent"),
            (None, Some(charge)) => (charge.replacen("ch_", "pi_", 1), "charge"),
            (None, None) => return Err(StripeError::missing("payment_intent")),
        };
        let id = self.new_id("re_", 24);
        let created = self.now.unix_seconds();
        let metadata = form.metadata("metadata")?;
        let asked = form.integer("amount")?;
        let payment = self
            .payments
            .get_mut(&intent)
            .ok_or_else(|| StripeError::no_such(param, &intent, param))?;
        let left = payment.amount - payment.refunded;
        if left == 0 {
            let message = format!("Charge {} has already been refunded.", charge_id(&intent));
            return Err(StripeError::invalid(message).code("charge_already_refunded"));
        }
        let amount = asked.unwrap_or(left);
        if amount == 0 || amount > left {
            let message = format!(
                "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})."
            );
            return Err(StripeError::invalid(message).param("amount"));
        }
        payment.refunded += amount;
        let charge = payment.charge(&intent);
        let refund = json!({
            "id": id,
            "object": "refund",
            "amount": amount,
            "charge": charge_id(&intent),
            "created": created,
            "currency": payment.currency,
            "metadata": metadata,
            "payment_intent": intent,
            "reason": form.get("reason"),
            "status": "succeeded",
        });
        self.refunds.insert(&id, refund.clone());
        for (kind, object) in [("refund.created", &refund), ("charge.refunded", &charge)] {
            let event = self.record(kind, object, origin);
            self.outgoing.push(event);
        }
        Ok(refund)
    }
}

impl Payment {
    fn charge(&self, intent: &str) -> Value {
        json!({
            "id": charge_id(intent),
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount,
            "amount_refunded": self.refunded,
            "captured": true,
            "created": self.created,
            "currency": self.currency,
            "livemode": false,
            "metadata": self.metadata,
            "paid": true,
            "payment_intent": intent,
            "refunded": self.refunded == self.amount,
            "status": "succeeded",
        })
    }
}

/// Each intent here has exactly one charge, so the ids share their digits.
fn charge_id(intent: &str) -> String {
    intent.replacen("pi_", "ch_", 1)
}
