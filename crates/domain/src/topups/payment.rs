use super::{
    TopupFlag,
    topup::{share, stored_words},
};
use crate::{
    ids::{RefundId, TopupId},
    ledger::Gateway,
    money::{Amount, Money},
    time::Timestamp,
};

/// What we have booked of one payment at a gateway. A top-up has one; a customer who pays again
/// makes a second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    /// Which gateway.
    pub gateway: Gateway,
    /// The gateway's id of the payment.
    pub payment_id: String,
    /// The top-up it pays for.
    pub topup: TopupId,
    /// What we have credited it for so far, in ledger units of the charge's currency.
    pub received: i64,
    /// What was credited for that, in whole rupiah.
    pub credited: i64,
    /// What went back to the payer, in ledger units of the charge's currency.
    pub returned: i64,
    /// What was taken from the customer for that, in whole rupiah.
    pub reversed: i64,
}

impl PaymentRecord {
    /// Nothing booked yet.
    pub const fn new(gateway: Gateway, payment_id: String, topup: TopupId) -> Self {
        Self { gateway, payment_id, topup, received: 0, credited: 0, returned: 0, reversed: 0 }
    }

    /// What to take from the customer when `amount` goes back to the payer: in proportion to what
    /// was credited, all of it with the last unit, never more. Nothing when nothing is left.
    pub fn reversal_of(&self, amount: Amount) -> Option<Amount> {
        let exact = self.share_of(self.returned.checked_add(amount.get())?)?;
        Amount::new(exact.checked_sub(self.reversed)?)
    }

    /// What was taken from the customer beyond the share of what is away.
    pub fn surplus(&self) -> Option<Amount> {
        let due = if self.returned > 0 { self.share_of(self.returned)? } else { 0 };
        Amount::new(self.reversed.checked_sub(due)?)
    }

    /// What is left to go back to the payer, in ledger units of the charge's currency.
    pub fn unreturned(&self) -> Option<Amount> {
        Amount::new(self.received.checked_sub(self.returned)?)
    }

    /// What of it the customer still has or has spent, in whole rupiah.
    pub fn unreversed(&self) -> Option<Amount> {
        Amount::new(self.credited.checked_sub(self.reversed)?)
    }

    /// What was credited for `returned` units, rounded down.
    fn share_of(&self, returned: i64) -> Option<i64> {
        let (received, credited) = (Amount::new(self.received)?, Amount::new(self.credited)?);
        let part = Amount::new(returned)?.min(received);
        Some(share(credited, part, received).map_or(0, Amount::get))
    }

    /// Notes money that went back, or with negative numbers came back.
    pub(super) const fn shift(&mut self, returned: i64, reversed: i64) {
        self.returned = self.returned.saturating_add(returned);
        self.reversed = self.reversed.saturating_add(reversed);
    }
}

/// Money that went back to a payer, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// Which gateway.
    pub gateway: Gateway,
    /// The gateway's id of the refund or dispute.
    pub id: String,
    /// The top-up it belongs to.
    pub topup: TopupId,
    /// The payment it belongs to.
    pub payment_id: String,
    /// What it is.
    pub kind: ReversalKind,
    /// How much went back, in the currency of the charge.
    pub amount: Money,
    /// What was taken from the customer, in whole rupiah; zero when nothing was left to take.
    pub taken: i64,
    /// What of it was given back since, in whole rupiah: less while other returns stand for it.
    pub given: i64,
    /// How it stands.
    pub state: ReversalState,
}

impl Reversal {
    /// Its name in the ledger: refunds and disputes of one gateway may have equal ids.
    pub fn reference(&self) -> String {
        match self.kind {
            ReversalKind::Refund => format!("refund:{}", self.id),
            ReversalKind::Dispute => format!("dispute:{}", self.id),
            ReversalKind::Undone => self.id.clone(),
        }
    }
}

stored_words! {
    /// Why money went back.
    ReversalKind {
        /// Somebody refunded it at the gateway.
        Refund = "REFUND",
        /// The payer's bank took it.
        Dispute = "DISPUTE",
        /// The gateway took back what it had called final.
        Undone = "UNDONE",
    }
}

stored_words! {
    /// How a reversal stands.
    ReversalState {
        /// Taken from the customer.
        Booked = "BOOKED",
        /// Given back to the customer: the refund failed, or the dispute was won.
        Restored = "RESTORED",
        /// Taken for good.
        Final = "FINAL",
    }
}

/// A refund that an operator ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Our reference.
    pub id: RefundId,
    /// The top-up to refund.
    pub topup: TopupId,
    /// The payment to refund.
    pub payment_id: String,
    /// What is taken from the customer, in whole rupiah.
    pub amount: Amount,
    /// What of it was given back because the refund failed, in whole rupiah.
    pub given: i64,
    /// What the gateway gives back, in the currency of the charge.
    pub value: Money,
    /// Who ordered it.
    pub operator: String,
    /// Who agreed.
    pub approver: String,
    /// Why.
    pub reason: String,
    /// How it stands.
    pub state: RefundProgress,
    /// The gateway's id of it, once known.
    pub gateway_refund_id: Option<String>,
    /// Where the customer claims it, with gateways that need that.
    pub claim_url: Option<String>,
    /// When it was ordered.
    pub created_at: Timestamp,
}

impl Refund {
    /// Whether more is to be heard of it.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, RefundProgress::Requested | RefundProgress::Sent)
    }
}

stored_words! {
    /// How a refund of ours stands.
    RefundProgress {
        /// The customer's money is set aside; the gateway may not know of it yet.
        Requested = "REQUESTED",
        /// The gateway has taken it on.
        Sent = "SENT",
        /// The payer has it.
        Done = "DONE",
        /// It did not work; the customer has the money back, but for what went back otherwise.
        Failed = "FAILED",
    }
}

/// How an operator dealt with a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Which top-up.
    pub topup: TopupId,
    /// What it was flagged with.
    pub flag: TopupFlag,
    /// Who dealt with it.
    pub operator: String,
    /// What they did.
    pub note: String,
    /// When.
    pub at: Timestamp,
}
