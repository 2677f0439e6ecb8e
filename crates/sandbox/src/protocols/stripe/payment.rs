use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{desk::Desk, error::StripeError, event::Origin};

/// A payment intent and its only charge.
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) session: String,
    pub(super) amount: u64,
    pub(super) currency: String,
    pub(super) status: PaymentStatus,
    /// What went back or is going back.
    pub(super) refunded: u64,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) is_disputed: bool,
    livemode: bool,
    created: i64,
}

/// How far a payment has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PaymentStatus {
    /// The last attempt failed.
    Failed,
    /// The bank has not settled it yet.
    Processing,
    Succeeded,
    Canceled,
}

impl PaymentStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "requires_payment_method",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// How the payer leaves the checkout.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Paid instead of the amount asked for, in minor units.
    pub(crate) amount: Option<u64>,
    pub(crate) currency: Option<String>,
    /// Completed by a method that pays later.
    pub(crate) is_unpaid: bool,
    /// Real money, which a test key never takes.
    pub(crate) livemode: bool,
}

/// Why the outside world cannot do what a control asks for.
#[derive(Debug)]
pub(crate) enum ActError {
    /// Carries the kind of what does not exist.
    Unknown(&'static str),
    NotNow(String),
}

impl Desk {
    /// Completes a session and returns the event's id.
    ///
    /// A session completed without money can be paid once more, which is the delayed success. One
    /// that expired takes no money any more: Stripe has no late payments.
    pub(super) fn complete(
        &mut self,
        session_id: &str,
        outcome: &Outcome,
    ) -> Result<String, ActError> {
        let kind = self.completion(session_id, outcome)?;
        let intent = self.intent_of(session_id)?;
        let session = self.sessions.get_mut(session_id).ok_or(ActError::Unknown("session"))?;
        session.status = "complete";
        session.amount_total = outcome.amount.unwrap_or(session.amount_total);
        session.livemode = outcome.livemode;
        if let Some(currency) = &outcome.currency {
            session.currency.clone_from(currency);
        }
        if !outcome.is_unpaid {
            session.payment_status = "paid";
        }
        self.due.remove(&(session.expires_at, session_id.to_owned()));
        if let Some(payment) = self.payments.get_mut(&intent) {
            payment.amount = session.amount_total;
            payment.currency.clone_from(&session.currency);
            payment.livemode = outcome.livemode;
            payment.status = if outcome.is_unpaid {
                PaymentStatus::Processing
            } else {
                PaymentStatus::Succeeded
            };
        }
        let object = session.object();
        let origin = Origin { livemode: outcome.livemode, ..Origin::default() };
        Ok(self.record(kind, &object, &origin))
    }

    /// The payer's money does not come: an attempt is declined, or a delayed payment fails.
    pub(super) fn fail(&mut self, session_id: &str) -> Result<String, ActError> {
        let session = self.sessions.get(session_id).ok_or(ActError::Unknown("session"))?;
        let (status, is_delayed) = (session.status, self.is_processing(session_id));
        if status != "open" && !is_delayed {
            return Err(ActError::NotNow(format!("the session is {status}, nothing can fail")));
        }
        let intent = self.intent_of(session_id)?;
        let payment = self.payments.get_mut(&intent).ok_or(ActError::Unknown("payment"))?;
        payment.status = PaymentStatus::Failed;
        let declined = payment.intent();
        let session = self.sessions.get(session_id).ok_or(ActError::Unknown("session"))?;
        let (kind, object) = if is_delayed {
            ("checkout.session.async_payment_failed", session.object())
        } else {
            ("payment_intent.payment_failed", declined)
        };
        Ok(self.record(kind, &object, &Origin::default()))
    }

    fn completion(&self, id: &str, outcome: &Outcome) -> Result<&'static str, ActError> {
        let session = self.sessions.get(id).ok_or(ActError::Unknown("session"))?;
        match session.status {
            "open" => Ok("checkout.session.completed"),
            "complete" if self.is_processing(id) && !outcome.is_unpaid => {
                Ok("checkout.session.async_payment_succeeded")
            }
            status => Err(ActError::NotNow(format!(
                "the session is {status}: Stripe takes no second and no late payment for it"
            ))),
        }
    }

    fn is_processing(&self, session: &str) -> bool {
        let intent = self.sessions.get(session).and_then(|it| it.payment_intent.as_deref());
        let payment = intent.and_then(|intent| self.payments.get(intent));
        payment.is_some_and(|payment| payment.status == PaymentStatus::Processing)
    }

    /// The session's payment intent, which the first attempt to pay creates.
    fn intent_of(&mut self, session_id: &str) -> Result<String, ActError> {
        let fresh = self.new_id("pi_", 24);
        let created = self.now.unix_seconds();
        let session = self.sessions.get_mut(session_id).ok_or(ActError::Unknown("session"))?;
        if let Some(intent) = &session.payment_intent {
            return Ok(intent.clone());
        }
        session.payment_intent = Some(fresh.clone());
        let payment = Payment {
            id: fresh.clone(),
            session: session_id.to_owned(),
            amount: session.amount_total,
            currency: session.currency.clone(),
            status: PaymentStatus::Failed,
            refunded: 0,
            metadata: session.payment_metadata.clone(),
            is_disputed: false,
            livemode: false,
            created,
        };
        self.payments.insert(&fresh, payment);
        Ok(fresh)
    }

    pub(super) fn payment(&self, intent: &str, param: &str) -> Result<&Payment, StripeError> {
        let payment = self.payments.get(intent);
        payment.ok_or_else(|| StripeError::no_such("payment_intent", intent, param))
    }
}

impl Payment {
    /// What arrived, whether or not it went back later.
    pub(super) fn received(&self) -> u64 {
        if self.status == PaymentStatus::Succeeded { self.amount } else { 0 }
    }

    /// The payment intent as the API shows it.
    pub(super) fn intent(&self) -> Value {
        let has_charge = self.status == PaymentStatus::Succeeded;
        let error = json!({ "type": "card_error", "code": "card_declined" });
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": 0,
            "amount_received": self.received(),
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "created": self.created,
            "currency": self.currency,
            "last_payment_error": (self.status == PaymentStatus::Failed).then_some(error),
            "latest_charge": has_charge.then(|| charge_id(&self.id)),
            "livemode": self.livemode,
            "metadata": self.metadata,
            "payment_method_types": ["card"],
            "status": self.status.as_str(),
        })
    }

    /// The charge as the API shows it.
    pub(super) fn charge(&self) -> Value {
        json!({
            "id": charge_id(&self.id),
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount,
            "amount_refunded": self.refunded,
            "captured": true,
            "created": self.created,
            "currency": self.currency,
            "disputed": self.is_disputed,
            "livemode": self.livemode,
            "metadata": self.metadata,
            "paid": true,
            "payment_intent": self.id,
            "refunded": self.refunded == self.amount,
            "status": "succeeded",
        })
    }
}

/// Each intent here has exactly one charge, so the ids share their digits.
pub(super) fn charge_id(intent: &str) -> String {
    intent.replacen("pi_", "ch_", 1)
}

/// The intent of a charge.
pub(super) fn intent_id(charge: &str) -> String {
    charge.replacen("ch_", "pi_", 1)
}
