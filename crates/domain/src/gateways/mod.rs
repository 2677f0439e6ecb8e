//! Those who take payments for us.

use async_trait::async_trait;

use crate::{ids::TopupId, ledger::Gateway, money::Amount, time::Timestamp};

/// One payment gateway.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Which one.
    fn code(&self) -> Gateway;

    /// Opens a page to pay on. Repeating it with the same top-up opens no second one.
    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError>;

    /// Checks that the raw bytes come from the gateway and reads them. Nothing when they tell of
    /// something that is no business of ours.
    fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
        now: Timestamp,
    ) -> Result<Option<Payment>, VerifyError>;
}

/// Looks up a header by its lower-case name; nothing when it is missing or not text.
pub type WebhookHeaders<'a> = dyn Fn(&str) -> Option<String> + Send + Sync + 'a;

/// What to let a customer pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckoutRequest {
    /// Our reference.
    pub topup: TopupId,
    /// How much, in whole rupiah.
    pub amount: Amount,
}

/// A page to pay on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The gateway's id of the payment.
    pub payment_id: String,
    /// Where the customer pays.
    pub url: String,
}

/// What a gateway tells of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Which gateway.
    pub gateway: Gateway,
    /// The gateway's id of the notification; a repeat has the same.
    pub event_id: String,
    /// The gateway's id of the payment; all notifications of it share it.
    pub payment_id: String,
    /// Our reference, where it echoes one.
    pub topup: Option<TopupId>,
    /// What happened.
    pub kind: PaymentKind,
    /// How much, in whole rupiah; nothing when it is no whole number of rupiah.
    pub amount: Option<Amount>,
}

/// What happened to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaymentKind {
    /// The money is there.
    Paid,
    /// The customer did their part; the money settles later.
    Processing,
    /// The money will not come.
    Failed,
    /// The page closed unpaid.
    Expired,
}

impl PaymentKind {
    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "PAID",
            Self::Processing => "PROCESSING",
            Self::Failed => "FAILED",
            Self::Expired => "EXPIRED",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Paid, Self::Processing, Self::Failed, Self::Expired]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Why there is no page to pay on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No usable answer; it may or may not exist, the idempotency key makes a repeat safe.
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
