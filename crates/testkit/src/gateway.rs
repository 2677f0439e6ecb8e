use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use domain::{
    gateways::{
        Checkout, CheckoutRequest, GatewayDirectory, GatewayError, GatewayTerms, Notice,
        PaymentGateway, PaymentRef, PaymentReport, PaymentStatus, RefundReport, RefundRequest,
        RefundState, RefundWay, Refunded, VerifyError, WebhookHeaders,
    },
    ids::TopupId,
    ledger::Gateway,
    money::{Amount, Currency, Money},
    time::Timestamp,
};

use crate::Chaos;

/// A payment gateway that knows what was paid, and tells it to whoever asks.
///
/// It signs with a word. What it sends are hints: the truth is what [`PaymentGateway::fetch`]
/// answers, and its tests change that by hand.
#[derive(Debug)]
pub struct FakeGateway {
    terms: GatewayTerms,
    inner: Mutex<Inner>,
    chaos: Chaos,
}

#[derive(Debug, Default)]
struct Inner {
    pages: Vec<(TopupId, Checkout)>,
    payments: Vec<PaymentReport>,
    refusals: VecDeque<GatewayError>,
    refunds: VecDeque<Result<RefundState, GatewayError>>,
    missed: Vec<Notice>,
    hints: usize,
}

impl FakeGateway {
    /// The header in which its signature stands.
    pub const HEADER: &str = "x-signature";
    /// Its signature.
    pub const SIGNATURE: &str = "signed by the gateway";
    /// One that takes exactly what was asked for, in rupiah.
    pub const EXACT: GatewayTerms = GatewayTerms {
        gateway: Gateway::Stripe,
        currency: Currency::Idr,
        exact: true,
        refunds: RefundWay::Direct,
    };
    /// One that takes whatever it is sent, in dollars.
    pub const COINS: GatewayTerms = GatewayTerms {
        gateway: Gateway::Heleket,
        currency: Currency::Usd,
        exact: false,
        refunds: RefundWay::Direct,
    };
    /// One that takes whatever it is sent, in rupiah, and gives nothing back.
    pub const BANK: GatewayTerms = GatewayTerms {
        gateway: Gateway::Duitku,
        currency: Currency::Idr,
        exact: false,
        refunds: RefundWay::Manual,
    };

    /// A gateway that does what it is asked, unless `chaos` disturbs it.
    pub fn new(terms: GatewayTerms, chaos: Chaos) -> Self {
        Self { terms, inner: Mutex::default(), chaos }
    }

    /// Refuses a further checkout.
    pub fn then_refuse(&self, error: GatewayError) {
        self.inner().refusals.push_back(error);
    }

    /// Answers a further refund, which is made unless the answer is a refusal.
    pub fn then_refund(&self, answer: Result<RefundState, GatewayError>) {
        self.inner().refunds.push_back(answer);
    }

    /// The page of a top-up, once one was opened.
    pub fn checkout(&self, topup: TopupId) -> Option<Checkout> {
        let inner = self.inner();
        inner.pages.iter().find(|(id, _)| *id == topup).map(|(_, page)| page.clone())
    }

    /// How many pages were opened.
    pub fn checkouts(&self) -> usize {
        self.inner().pages.len()
    }

    /// What it knows of all payments, oldest first.
    pub fn payments(&self) -> Vec<PaymentReport> {
        self.inner().payments.clone()
    }

    /// Changes what it knows of a payment.
    pub fn alter(&self, payment_id: &str, change: impl FnOnce(&mut PaymentReport)) {
        let mut inner = self.inner();
        if let Some(payment) = inner.payments.iter_mut().find(|p| p.payment_id == payment_id) {
            change(payment);
        }
    }

    /// `units` more arrive for a payment, for good.
    pub fn receive(&self, payment_id: &str, units: i64) {
        self.alter(payment_id, |payment| {
            let before = payment.received.map_or(0, |money| money.amount.get());
            let amount = Amount::new(before + units);
            payment.received = amount.map(|amount| self.money(amount));
            payment.status = PaymentStatus::Settled;
        });
    }

    /// The customer pays exactly what was asked for.
    pub fn pay(&self, payment_id: &str) {
        let charge = self.report(payment_id).and_then(|payment| payment.charge);
        if let Some(charge) = charge {
            self.receive(payment_id, charge.amount.get());
        }
    }

    /// The customer opens the page once more: another payment for the same top-up.
    pub fn open_second(&self, payment_id: &str) -> Option<String> {
        let mut inner = self.inner();
        let first = inner.payments.iter().find(|payment| payment.payment_id == payment_id)?;
        let second = PaymentReport {
            payment_id: format!("{payment_id}_{}", inner.payments.len()),
            status: PaymentStatus::Open,
            received: None,
            refunds: Vec::new(),
            disputes: Vec::new(),
            ..first.clone()
        };
        let id = second.payment_id.clone();
        inner.payments.push(second);
        Some(id)
    }

    /// The raw body of a new notification about a payment; of something else without one.
    pub fn hint(&self, payment: Option<&str>) -> Vec<u8> {
        let mut inner = self.inner();
        inner.hints += 1;
        format!("evt_{}\n{}", inner.hints, payment.unwrap_or_default()).into_bytes()
    }

    /// Sends a notification that does not arrive, and remembers that.
    pub fn lose_hint(&self, payment: &str) {
        let raw = self.hint(Some(payment));
        if let Some(notice) = self.read(&raw) {
            self.inner().missed.push(notice);
        }
    }

    /// What it knows of a payment.
    pub fn report(&self, payment_id: &str) -> Option<PaymentReport> {
        self.inner().payments.iter().find(|payment| payment.payment_id == payment_id).cloned()
    }

    const fn money(&self, amount: Amount) -> Money {
        Money { currency: self.terms.currency, amount }
    }

    fn read(&self, raw: &[u8]) -> Option<Notice> {
        let (event_id, payment) = std::str::from_utf8(raw).ok()?.split_once('\n')?;
        Some(Notice {
            gateway: self.terms.gateway,
            event_id: event_id.to_owned(),
            event_kind: "payment.changed".to_owned(),
            payment: PaymentRef::Payment(payment.to_owned()),
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const LOST: GatewayError = GatewayError::Unavailable("the connection was lost");

impl Inner {
    fn open(&mut self, request: &CheckoutRequest, gateway: Gateway) -> Checkout {
        if let Some((_, page)) = self.pages.iter().find(|(id, _)| *id == request.topup) {
            return page.clone();
        }
        let number = self.pages.len() + 1;
        let page = Checkout {
            payment_id: format!("{}_{number}", gateway.code()),
            url: format!("https://{}.example/{number}", gateway.code()),
            expires_at: None,
        };
        self.pages.push((request.topup, page.clone()));
        self.payments.push(PaymentReport {
            payment_id: page.payment_id.clone(),
            topup: Some(request.topup),
            status: PaymentStatus::Open,
            charge: Some(request.charge),
            received: None,
            refunds: Vec::new(),
            disputes: Vec::new(),
        });
        page
    }

    fn refund(&mut self, request: &RefundRequest) -> Result<RefundReport, GatewayError> {
        let same = |payment: &&mut PaymentReport| payment.payment_id == request.payment_id;
        let unknown = GatewayError::Refused("no such payment");
        let payment = self.payments.iter_mut().find(same).ok_or(unknown)?;
        let known = payment.refunds.iter().find(|known| known.refund == Some(request.refund));
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let state = self.refunds.pop_front().unwrap_or(Ok(RefundState::Done))?;
        let id = format!("{}_refund_{}", request.payment_id, payment.refunds.len() + 1);
        let (refund, amount) = (Some(request.refund), request.amount);
        let report = RefundReport { id, refund, amount, state };
        payment.refunds.push(report.clone());
        Ok(report)
    }
}

#[async_trait]
impl PaymentGateway for FakeGateway {
    fn terms(&self) -> GatewayTerms {
        self.terms
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        let call = self.chaos.before("create_checkout").await.map_err(|_| LOST)?;
        let checkout = {
            let mut inner = self.inner();
            match inner.refusals.pop_front() {
                Some(error) => return Err(error),
                None => inner.open(request, self.terms.gateway),
            }
        };
        self.chaos.after(call).await.map_err(|_| LOST)?;
        Ok(checkout)
    }

    async fn fetch(&self, payment: &PaymentRef) -> Result<Option<PaymentReport>, GatewayError> {
        let call = self.chaos.before("fetch").await.map_err(|_| LOST)?;
        let found = match payment {
            PaymentRef::Payment(id) => self.report(id),
            PaymentRef::Topup(id) => self.checkout(*id).and_then(|it| self.report(&it.payment_id)),
            PaymentRef::Alias(_) => None,
        };
        self.chaos.after(call).await.map_err(|_| LOST)?;
        Ok(found)
    }

    fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
        _now: Timestamp,
    ) -> Result<Option<Notice>, VerifyError> {
        match headers(Self::HEADER).as_deref() {
            None => return Err(VerifyError::Malformed),
            Some(Self::SIGNATURE) => {}
            Some(_) => return Err(VerifyError::Mismatch),
        }
        let notice = self.read(raw).ok_or(VerifyError::Unreadable)?;
        let is_ours = notice.payment != PaymentRef::Payment(String::new());
        Ok(is_ours.then_some(notice))
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let call = self.chaos.before("send_refund").await.map_err(|_| LOST)?;
        let answer = self.inner().refund(request);
        self.chaos.after(call).await.map_err(|_| LOST)?;
        Ok(Refunded { report: answer?, claim_url: None })
    }

    async fn missed(&self, _since: Timestamp) -> Result<Vec<Notice>, GatewayError> {
        let call = self.chaos.before("missed").await.map_err(|_| LOST)?;
        let missed = self.inner().missed.clone();
        self.chaos.after(call).await.map_err(|_| LOST)?;
        Ok(missed)
    }
}

/// The gateways that are set up, in memory.
#[derive(Debug, Clone, Default)]
pub struct FakeGateways {
    all: Vec<Arc<FakeGateway>>,
}

impl FakeGateways {
    /// Exactly these.
    pub const fn new(all: Vec<Arc<FakeGateway>>) -> Self {
        Self { all }
    }
}

impl GatewayDirectory for FakeGateways {
    fn get(&self, gateway: Gateway) -> Option<Arc<dyn PaymentGateway>> {
        let found = self.all.iter().find(|known| known.terms.gateway == gateway)?;
        Some(Arc::clone(found) as _)
    }

    fn all(&self) -> Vec<Arc<dyn PaymentGateway>> {
        self.all.iter().map(|gateway| Arc::clone(gateway) as _).collect()
    }
}
