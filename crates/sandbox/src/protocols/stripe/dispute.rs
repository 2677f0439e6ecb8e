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

/// The parameters of the list of disputes.
pub(super) const LIST: &[&str] =
    &["payment_intent", "charge", "limit", "starting_after", "ending_before"];

/// How long the shop may answer.
const ANSWER_SECONDS: i64 = 7 * 24 * 3600;

/// A payer's bank asks for the money back.
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) intent: String,
    pub(super) amount: u64,
    /// Whether the bank holds the amount now.
    pub(super) has_funds: bool,
    status: DisputeStatus,
    currency: String,
    reason: String,
    created: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
    Prevented,
}

impl DisputeStatus {
    /// An inquiry: the bank asks, but has taken nothing.
    const fn is_warning(self) -> bool {
        matches!(self, Self::WarningNeedsResponse | Self::WarningUnderReview)
    }

    const fn is_closed(self) -> bool {
        matches!(self, Self::WarningClosed | Self::Won | Self::Lost | Self::Prevented)
    }

    /// Whether a dispute goes from here to there.
    const fn leads_to(self, next: Self) -> bool {
        match self {
            Self::WarningNeedsResponse => matches!(
                next,
                Self::WarningUnderReview
                    | Self::WarningClosed
                    | Self::NeedsResponse
                    | Self::Prevented
            ),
            Self::WarningUnderReview => matches!(next, Self::WarningClosed | Self::NeedsResponse),
            Self::NeedsResponse => matches!(next, Self::UnderReview | Self::Won | Self::Lost),
            Self::UnderReview => matches!(next, Self::Won | Self::Lost),
            // Banks turn a lost case over now and then; a won one stays won.
            Self::Lost => matches!(next, Self::Won),
            Self::WarningClosed | Self::Won | Self::Prevented => false,
        }
    }
}

/// What a payer asks back for.
#[derive(Debug, Default)]
pub(crate) struct Complaint {
    /// All that was paid when absent.
    pub(crate) amount: Option<u64>,
    pub(crate) reason: Option<String>,
    /// Only ask, without taking the money.
    pub(crate) is_inquiry: bool,
}

impl Desk {
    /// Disputes a payment; the dispute's id and the events come back.
    pub(super) fn dispute(
        &mut self,
        intent: &str,
        complaint: Complaint,
    ) -> Result<(String, Vec<String>), ActError> {
        let id = self.new_id("du_", 24);
        let created = self.now.unix_seconds();
        let payment = self.payments.get_mut(intent).ok_or(ActError::Unknown("payment"))?;
        if payment.status != PaymentStatus::Succeeded {
            return Err(ActError::NotNow("nothing was paid".to_owned()));
        }
        payment.is_disputed = true;
        let dispute = Dispute {
            id: id.clone(),
            intent: intent.to_owned(),
            amount: complaint.amount.unwrap_or(payment.amount),
            has_funds: false,
            status: if complaint.is_inquiry {
                DisputeStatus::WarningNeedsResponse
            } else {
                DisputeStatus::NeedsResponse
            },
            currency: payment.currency.clone(),
            reason: complaint.reason.unwrap_or_else(|| "fraudulent".to_owned()),
            created,
        };
        let object = dispute.object();
        self.disputes.insert(&id, dispute);
        let mut events = vec![self.record("charge.dispute.created", &object, &Origin::default())];
        if !complaint.is_inquiry {
            events.extend(self.move_funds(&id, true));
        }
        Ok((id, events))
    }

    /// Moves a dispute on and returns the events.
    pub(super) fn decide_dispute(
        &mut self,
        id: &str,
        next: DisputeStatus,
    ) -> Result<Vec<String>, ActError> {
        let dispute = self.disputes.get_mut(id).ok_or(ActError::Unknown("dispute"))?;
        if !dispute.status.leads_to(next) {
            return Err(ActError::NotNow(format!("the dispute is {:?}", dispute.status)));
        }
        dispute.status = next;
        let (object, has_funds) = (dispute.object(), dispute.has_funds);
        let kind =
            if next.is_closed() { "charge.dispute.closed" } else { "charge.dispute.updated" };
        let mut events = vec![self.record(kind, &object, &Origin::default())];
        if next == DisputeStatus::NeedsResponse {
            events.extend(self.move_funds(id, true));
        }
        if next == DisputeStatus::Won && has_funds {
            events.extend(self.move_funds(id, false));
        }
        Ok(events)
    }

    fn move_funds(&mut self, id: &str, are_taken: bool) -> Option<String> {
        let dispute = self.disputes.get_mut(id)?;
        dispute.has_funds = are_taken;
        let object = dispute.object();
        let kind = if are_taken {
            "charge.dispute.funds_withdrawn"
        } else {
            "charge.dispute.funds_reinstated"
        };
        Some(self.record(kind, &object, &Origin::default()))
    }

    /// Whether a dispute stands in the way of a refund.
    pub(super) fn has_unrefundable_dispute(&self, intent: &str) -> bool {
        self.disputes_of(intent).any(|dispute| !dispute.is_charge_refundable())
    }

    pub(super) fn disputes_of(&self, intent: &str) -> impl Iterator<Item = &Dispute> {
        self.disputes.newest().map(|(_, it)| it).filter(move |it| it.intent == intent)
    }

    pub(super) fn list_disputes(&self, form: &Form) -> Result<Value, StripeError> {
        let intent = form.get("payment_intent").map(str::to_owned);
        let intent = intent.or_else(|| form.get("charge").map(intent_id));
        let listing = Listing { shelf: &self.disputes, what: "dispute", url: "/v1/disputes" };
        let wanted = |dispute: &Dispute| intent.as_ref().is_none_or(|it| dispute.intent == *it);
        listing.page(form, wanted, Dispute::object)
    }
}

impl Dispute {
    /// Only an inquiry can be ended by a refund.
    fn is_charge_refundable(&self) -> bool {
        self.status.is_warning() || matches!(self.status, DisputeStatus::WarningClosed)
    }

    /// The object as the API shows it.
    pub(super) fn object(&self) -> Value {
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transactions": [],
            "charge": charge_id(&self.intent),
            "created": self.created,
            "currency": self.currency,
            "evidence_details": {
                "due_by": self.created + ANSWER_SECONDS,
                "has_evidence": false,
                "past_due": false,
                "submission_count": 0,
            },
            "is_charge_refundable": self.is_charge_refundable(),
            "livemode": false,
            "metadata": {},
            "payment_intent": self.intent,
            "reason": self.reason,
            "status": self.status,
        })
    }
}
