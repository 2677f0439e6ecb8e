use crate::{
    ids::{RefundId, TopupId},
    money::Money,
};

/// Everything a gateway says of one payment at one moment. Amounts are totals, so that an older
/// report than one already acted on changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentReport {
    /// The gateway's id of the payment, the one of [`super::Checkout::payment_id`].
    pub payment_id: String,
    /// Our reference, as the gateway echoes it.
    pub topup: Option<TopupId>,
    /// How it stands.
    pub status: PaymentStatus,
    /// What the gateway was told to charge; nothing when it is not a sum we could have asked for.
    pub charge: Option<Money>,
    /// All that has arrived so far and will not go away, at the gateway's own valuation in the
    /// currency of the charge.
    pub received: Option<Money>,
    /// Money given back, each once.
    pub refunds: Vec<RefundReport>,
    /// Payers who want their money back from their bank, each once.
    pub disputes: Vec<DisputeReport>,
}

/// How a payment stands at its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentStatus {
    /// The customer can pay.
    Open,
    /// Less than asked for came; the rest can still be paid.
    Short,
    /// The customer did their part; the money is not final yet.
    Processing,
    /// Final: what arrived is [`PaymentReport::received`], more or less than asked for.
    Settled,
    /// The page closed, and nothing final has arrived.
    Expired,
    /// The money will not come.
    Failed,
    /// The customer or the operator gave up.
    Canceled,
    /// The gateway keeps it back, for instance to check where it is from.
    Locked,
}

/// Money given back by a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundReport {
    /// The gateway's id of the refund.
    pub id: String,
    /// Our reference when it was ours; others were made at the gateway.
    pub refund: Option<RefundId>,
    /// How much.
    pub amount: Money,
    /// How it stands.
    pub state: RefundState,
}

/// How a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundState {
    /// Not there yet; the gateway has taken the money out of our account.
    Pending,
    /// The payer has it.
    Done,
    /// It did not work; the money is back with us.
    Failed,
}

/// A payer who wants their money back from their bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeReport {
    /// The gateway's id of the dispute.
    pub id: String,
    /// How much.
    pub amount: Money,
    /// How it stands.
    pub state: DisputeState,
}

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisputeState {
    /// A question only; no money moved.
    Inquiry,
    /// The money is with the payer until it is decided.
    Open,
    /// Decided for us, or given up: the money is back.
    Won,
    /// Decided for the payer.
    Lost,
}
