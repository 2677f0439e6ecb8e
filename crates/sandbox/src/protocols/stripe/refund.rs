use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    desk::Desk,
    error::StripeError,
    event::Origin,
    form::Form,
    list::Listing,
    payment::{ActError, PaymentStatus, charge_id, intent_id},
};

/// The parameters of a refund.
pub(super) const CREATE: &[&str] = &["payment_intent", "charge", "amount", "reason", "metadata[*]"];

/// The parameters of the list of refunds.
pub(super) const LIST: &[&str] =
    &["payment_intent", "charge", "limit", "starting_after", "ending_before"];

/// Money on its way back.
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) intent: String,
    pub(super) amount: u64,
    pub(super) status: RefundStatus,
    currency: String,
    failure_reason: Option<String>,
    reason: Option<String>,
    metadata: BTreeMap<String, String>,
    created: i64,
}

/// How far a refund has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Pending,
    #[default]
    Succeeded,
    Failed,
    Canceled,
}

impl RefundStatus {
    /// Whether the money is gone, or on its way.
    pub(super) const fn takes_money(self) -> bool {
        matches!(self, Self::Pending | Self::Succeeded)
    }
}

/// What to give back.
#[derive(Default)]
pub(super) struct Order {
    pub(super) intent: String,
    /// All that is left when absent.
    pub(super) amount: Option<u64>,
    pub(super) reason: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl Order {
    pub(super) fn read(form: &Form) -> Result<Self, StripeError> {
        form.one_of("reason", &["duplicate", "fraudulent", "requested_by_customer"])?;
        let intent = match (form.get("payment_intent"), form.get("charge")) {
            (Some(intent), _) => intent.to_owned(),
            (None, Some(charge)) => intent_id(charge),
            (None, None) => return Err(StripeError::missing("payment_intent")),
        };
        Ok(Self {
            intent,
            amount: form.integer("amount")?,
            reason: form.owned("reason"),
            metadata: form.metadata("metadata")?,
        })
    }
}

impl Desk {
    /// Gives money back and returns the refund with its events. Partial refunds add up to the
    /// amount paid at most.
    pub(super) fn refund(
        &mut self,
        order: Order,
        origin: &Origin,
    ) -> Result<(Value, Vec<String>), StripeError> {
        let amount = self.refundable(&order)?;
        let refund = Refund {
            id: self.new_id("re_", 24),
            amount,
            status: self.settings.refund_status,
            currency: self.payment(&order.intent, "payment_intent")?.currency.clone(),
            failure_reason: None,
            reason: order.reason,
            metadata: order.metadata,
            created: self.now.unix_seconds(),
            intent: order.intent,
        };
        let object = refund.object();
        let mut events = vec![self.record("refund.created", &object, origin)];
        if refund.status.takes_money()
            && let Some(payment) = self.payments.get_mut(&refund.intent)
        {
            payment.refunded += amount;
            let charge = payment.charge();
            events.push(self.record("charge.refunded", &charge, origin));
        }
        if refund.status == RefundStatus::Failed {
            events.push(self.record("refund.failed", &object, origin));
        }
        self.refunds.insert(&refund.id.clone(), refund);
        Ok((object, events))
    }

    fn refundable(&self, order: &Order) -> Result<u64, StripeError> {
        let payment = self.payment(&order.intent, "payment_intent")?;
        let charge = charge_id(&order.intent);
        if payment.status != PaymentStatus::Succeeded {
            let message = format!(
                "This PaymentIntent ({}) does not have a successful charge to refund.",
                order.intent
            );
            return Err(StripeError::invalid(message).code("payment_intent_unexpected_state"));
        }
        if self.has_unrefundable_dispute(&order.intent) {
            let message = format!("Charge {charge} has been charged back; cannot issue a refund.");
            return Err(StripeError::invalid(message).code("charge_disputed"));
        }
        let left = payment.amount - payment.refunded;
        if left == 0 {
            let message = format!("Charge {charge} has already been refunded.");
            return Err(StripeError::invalid(message).code("charge_already_refunded"));
        }
        let amount = order.amount.unwrap_or(left);
        if amount == 0 || amount > left {
            let message = format!(
                "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})."
            );
            return Err(StripeError::invalid(message).param("amount"));
        }
        Ok(amount)
    }

    /// Moves a refund on and returns the events. A failed one gives its amount back to the charge.
    pub(super) fn settle_refund(
        &mut self,
        id: &str,
        status: RefundStatus,
        failure_reason: Option<String>,
    ) -> Result<Vec<String>, ActError> {
        let refund = self.refunds.get_mut(id).ok_or(ActError::Unknown("refund"))?;
        let (took, takes) = (refund.status.takes_money(), status.takes_money());
        // Banks send money back long after a refund succeeded; nothing revives one that failed.
        if !took || refund.status == status || status == RefundStatus::Pending {
            return Err(ActError::NotNow("the refund cannot go there any more".to_owned()));
        }
        refund.status = status;
        if status == RefundStatus::Failed {
            refund.failure_reason = Some(failure_reason.unwrap_or_else(|| "unknown".to_owned()));
        }
        let (object, intent, amount) = (refund.object(), refund.intent.clone(), refund.amount);
        if !takes && let Some(payment) = self.payments.get_mut(&intent) {
            payment.refunded = payment.refunded.saturating_sub(amount);
        }
        let mut events = vec![self.record("refund.updated", &object, &Origin::default())];
        if status == RefundStatus::Failed {
            events.push(self.record("refund.failed", &object, &Origin::default()));
        }
        Ok(events)
    }

    pub(super) fn list_refunds(&self, form: &Form) -> Result<Value, StripeError> {
        let intent = form.get("payment_intent").map(str::to_owned);
        let intent = intent.or_else(|| form.get("charge").map(intent_id));
        let listing = Listing { shelf: &self.refunds, what: "refund", url: "/v1/refunds" };
        let wanted = |refund: &Refund| intent.as_ref().is_none_or(|it| refund.intent == *it);
        listing.page(form, wanted, Refund::object)
    }
}

impl Refund {
    /// The object as the API shows it.
    pub(super) fn object(&self) -> Value {
        let mut object = json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": null,
            "charge": charge_id(&self.intent),
            "created": self.created,
            "currency": self.currency,
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "reason": self.reason,
            "receipt_number": null,
            "source_transfer_reversal": null,
            "status": self.status,
            "transfer_reversal": null,
        });
        // The API leaves this out until there is something to tell.
        if let Some(reason) = &self.failure_reason {
            object["failure_reason"] = json!(reason);
        }
        object
    }
}
