use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{PaymentReport, RefundReport};
use crate::{
    ids::{RefundId, TopupId},
    ledger::Gateway,
    money::{Currency, Money},
    time::Timestamp,
};

/// One payment gateway.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// How it works.
    fn terms(&self) -> GatewayTerms;

    /// Opens a page to pay on. Repeating it with the same top-up opens no second one, also after an
    /// answer that was lost.
    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError>;

    /// What the gateway knows of a payment now; nothing when it knows no such payment,
    /// or none by this name.
    async fn fetch(&self, payment: &PaymentRef) -> Result<Option<PaymentReport>, GatewayError>;

    /// Checks that the raw bytes come from the gateway and reads which payment they are about.
    /// Nothing when they tell of something that is no business of ours.
    fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
        now: Timestamp,
    ) -> Result<Option<Notice>, VerifyError>;

    /// Gives money back. Repeating it with the same refund gives back once.
    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError>;

    /// Notifications since `since` that did not reach us, where the gateway can tell.
    async fn missed(&self, since: Timestamp) -> Result<Vec<Notice>, GatewayError>;
}

/// The gateways that are set up.
pub trait GatewayDirectory: Send + Sync {
    /// The adapter of one gateway; nothing when it is not set up.
    fn get(&self, gateway: Gateway) -> Option<Arc<dyn PaymentGateway>>;

    /// All that are set up, in a fixed order.
    fn all(&self) -> Vec<Arc<dyn PaymentGateway>>;
}

/// How a gateway works, as far as others must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayTerms {
    /// Which one.
    pub gateway: Gateway,
    /// What it charges customers in.
    pub currency: Currency,
    /// Whether it takes exactly what was asked for; with others customers can send more or less.
    pub exact: bool,
    /// Whether and how it gives money back.
    pub refunds: RefundWay,
}

/// How a gateway gives money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundWay {
    /// To where it came from, by a call.
    Direct,
    /// By a link on which the customer says where to send it.
    Claim,
    /// Not at all; the operator sends it by other means.
    Manual,
}

/// Looks up a header by its lower-case name; nothing when it is missing or not text.
pub type WebhookHeaders<'a> = dyn Fn(&str) -> Option<String> + Send + Sync + 'a;

/// What to let a customer pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckoutRequest {
    /// Our reference.
    pub topup: TopupId,
    /// How much, in the gateway's currency.
    pub charge: Money,
}

/// A page to pay on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The gateway's id of the payment.
    pub payment_id: String,
    /// Where the customer pays.
    pub url: String,
    /// When the page closes, where the gateway says so.
    pub expires_at: Option<Timestamp>,
}

/// Names a payment at a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PaymentRef {
    /// By the gateway's id of it, the one of [`Checkout::payment_id`].
    Payment(String),
    /// By another id the gateway has for the same money, such as Stripe's payment intent; where
    /// there is none, by the same one, when nothing may be taken from what was read before.
    Alias(String),
    /// By our reference, for gateways that can look it up.
    Topup(TopupId),
}

impl PaymentRef {
    /// The word in front of the stored form.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Payment(_) => "payment",
            Self::Alias(_) => "alias",
            Self::Topup(_) => "topup",
        }
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("payment", id) if !id.is_empty() => Some(Self::Payment(id.to_owned())),
            ("alias", id) if !id.is_empty() => Some(Self::Alias(id.to_owned())),
            ("topup", id) => TopupId::parse(id).map(Self::Topup),
            _ => None,
        }
    }
}

impl fmt::Display for PaymentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match self {
            Self::Payment(id) | Self::Alias(id) => write!(f, "{kind}:{id}"),
            Self::Topup(id) => write!(f, "{kind}:{id}"),
        }
    }
}

/// A genuine notification: something may have happened to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which gateway.
    pub gateway: Gateway,
    /// The gateway's id of the notification; a repeat has the same.
    pub event_id: String,
    /// What it calls the event, for people.
    pub event_kind: String,
    /// Which payment to look at.
    pub payment: PaymentRef,
}

/// What to give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Our reference; the gateway's reports of this refund echo it where they can.
    pub refund: RefundId,
    /// Our reference of the top-up.
    pub topup: TopupId,
    /// The gateway's id of the payment.
    pub payment_id: String,
    /// How much of it, in the currency it was charged in.
    pub amount: Money,
}

/// A refund on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    /// How it stands.
    pub report: RefundReport,
    /// Where the customer claims it, for [`RefundWay::Claim`].
    pub claim_url: Option<String>,
}

/// Why a gateway did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No usable answer; it may or may not have been done, and repeating it is safe.
    #[error("no usable answer from the gateway: {0}")]
    Unavailable(&'static str),
    /// The gateway refuses for good.
    #[error("the gateway refuses: {0}")]
    Refused(&'static str),
}

/// Why raw bytes are not taken for a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No signature that we can check.
    #[error("signature is missing or malformed")]
    Malformed,
    /// The signature is not the gateway's.
    #[error("signature does not match")]
    Mismatch,
    /// Signed too long ago, or in the future.
    #[error("signed too long ago or in the future")]
    Stale,
    /// Signed for the other mode: test events never credit live money.
    #[error("test and live mode are mixed")]
    WrongMode,
    /// Signed, but not what the gateway documents.
    #[error("body is not readable")]
    Unreadable,
}
