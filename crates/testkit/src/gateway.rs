use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{
    gateways::{
        Checkout, CheckoutRequest, GatewayError, Payment, PaymentGateway, VerifyError,
        WebhookHeaders,
    },
    ids::TopupId,
    ledger::Gateway,
    time::Timestamp,
};

use crate::Chaos;

/// A payment gateway that signs with a word and remembers what it sent.
#[derive(Debug, Default)]
pub struct FakeGateway {
    inner: Mutex<Inner>,
    chaos: Chaos,
}

#[derive(Debug, Default)]
struct Inner {
    checkouts: BTreeMap<TopupId, Checkout>,
    refusals: VecDeque<GatewayError>,
    sent: BTreeMap<String, Option<Payment>>,
}

impl FakeGateway {
    /// The header in which its signature stands.
    pub const HEADER: &str = "x-signature";
    /// Its signature.
    pub const SIGNATURE: &str = "signed by the gateway";

    /// A gateway that opens every checkout, unless `chaos` disturbs it.
    pub fn new(chaos: Chaos) -> Self {
        Self { inner: Mutex::default(), chaos }
    }

    /// Refuses a further checkout.
    pub fn then_refuse(&self, error: GatewayError) {
        self.inner().refusals.push_back(error);
    }

    /// The page of a top-up, once one was opened.
    pub fn checkout(&self, topup: TopupId) -> Option<Checkout> {
        self.inner().checkouts.get(&topup).cloned()
    }

    /// How many pages were opened.
    pub fn checkouts(&self) -> usize {
        self.inner().checkouts.len()
    }

    /// The raw body of a notification that tells of `payment`, or of something else.
    pub fn body(&self, payment: Option<Payment>) -> Vec<u8> {
        let mut inner = self.inner();
        let name = format!("notification {}", inner.sent.len());
        inner.sent.insert(name.clone(), payment);
        name.into_bytes()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const LOST: GatewayError = GatewayError::Unavailable("the connection was lost");

#[async_trait]
impl PaymentGateway for FakeGateway {
    fn code(&self) -> Gateway {
        Gateway::Stripe
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        let call = self.chaos.before("create_checkout").await.map_err(|_| LOST)?;
        let checkout = {
            let mut inner = self.inner();
            if let Some(error) = inner.refusals.pop_front() {
                return Err(error);
            }
            let number = inner.checkouts.len() + 1;
            let fresh = || Checkout {
                payment_id: format!("pay_{number}"),
                url: format!("https://pay.example/{number}"),
            };
            inner.checkouts.entry(request.topup).or_insert_with(fresh).clone()
        };
        self.chaos.after(call).await.map_err(|_| LOST)?;
        Ok(checkout)
    }

    fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
        _now: Timestamp,
    ) -> Result<Option<Payment>, VerifyError> {
        match headers(Self::HEADER).as_deref() {
            None => return Err(VerifyError::Malformed),
            Some(Self::SIGNATURE) => {}
            Some(_) => return Err(VerifyError::Mismatch),
        }
        let name = std::str::from_utf8(raw).map_err(|_| VerifyError::Unreadable)?;
        self.inner().sent.get(name).cloned().ok_or(VerifyError::Unreadable)
    }
}
