//! A BTCPay Server, through its Greenfield API.

mod client;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod invoice;
mod list;
mod refund;
mod status;
mod webhook;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    gateways::{
        Checkout, CheckoutRequest, GatewayError, GatewayTerms, Notice, PaymentGateway, PaymentRef,
        PaymentReport, RefundReport, RefundRequest, RefundWay, Refunded, VerifyError,
        WebhookHeaders,
    },
    ids::TopupId,
    ledger::Gateway,
    money::{Currency, Money},
    time::Timestamp,
};
use moka::future::Cache;
use secrecy::{ExposeSecret, SecretString};

use self::{
    client::Client,
    invoice::{Invoice, Method, Page, is_id},
    refund::PullPayment,
};
use super::{secrets::SecretList, text};
use crate::http;

/// Expiry that the server accepts and that makes sense.
const PAGE_LIFE: std::ops::RangeInclusive<u64> = 60..=24 * 60 * 60;

/// Our store on a BTCPay Server.
#[derive(Debug, Clone)]
pub struct BtcpaySettings {
    /// Where the server answers, without `/api/v1`.
    pub api_base: String,
    /// A key for one store with `btcpay.store.cancreateinvoice` and `btcpay.store.canviewinvoices`;
    /// for refunds also `btcpay.store.cancreatenonapprovedpullpayments` and
    /// `btcpay.store.canviewpullpayments`.
    pub api_key: SecretString,
    /// The store.
    pub store_id: String,
    /// What the store's webhook signs with; several while one is being replaced.
    pub webhook_secrets: Vec<SecretString>,
    /// What customers are charged in.
    pub currency: Currency,
    /// Where a customer lands after paying; the server fills in `{OrderId}` and `{InvoiceId}`.
    pub redirect_url: String,
    /// Ways to pay, such as `BTC-CHAIN`; all that the store has when empty.
    pub payment_methods: Vec<String>,
    /// The way in which refunds are paid out, such as `BTC-CHAIN`; without one there are none.
    pub refund_method: Option<String>,
    /// How long the page stays open, in whole minutes.
    pub page_life: Duration,
    /// How long one try of a call may take.
    pub timeout: Duration,
}

/// How much of the list of refunds is read to report on a payment: about two thousand. Older ones
/// are not followed any more.
const RECENT_REFUNDS_BYTES: usize = 1024 * 1024;
/// How much of it is read to be sure that a refund was not made before: about thirty thousand.
const ALL_REFUNDS_BYTES: usize = 16 * 1024 * 1024;
/// How long the list is good for. Making it costs the server more with each refund of its life.
const REFUNDS_AGE: Duration = Duration::from_mins(1);

/// Takes payments in coins through a BTCPay Server.
pub struct Btcpay {
    client: Client,
    recent_refunds: Cache<(), Arc<Vec<PullPayment>>>,
    webhook_secrets: SecretList,
    currency: Currency,
    page: Page,
    refund_method: Option<String>,
}

impl Btcpay {
    /// Checks the settings; does no I/O.
    pub fn new(settings: BtcpaySettings) -> Result<Self, BtcpaySetupError> {
        let webhook_secrets =
            SecretList::new(settings.webhook_secrets).ok_or(BtcpaySetupError::WebhookSecrets)?;
        let key = settings.api_key.expose_secret();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BtcpaySetupError::Key);
        }
        if !is_id(&settings.store_id) {
            return Err(BtcpaySetupError::Store);
        }
        if !text::is_address(&settings.redirect_url) {
            return Err(BtcpaySetupError::Redirect);
        }
        let mut methods = settings.payment_methods.iter().chain(&settings.refund_method);
        if !methods.all(|method| text::is_id(method)) {
            return Err(BtcpaySetupError::Method);
        }
        let life = settings.page_life.as_secs();
        if !PAGE_LIFE.contains(&life) || !life.is_multiple_of(60) {
            return Err(BtcpaySetupError::PageLife);
        }
        let http = http::gateway_client(settings.timeout).map_err(BtcpaySetupError::Client)?;
        let client = Client::new(http, &settings.api_base, &settings.store_id, settings.api_key)
            .ok_or(BtcpaySetupError::Base)?;
        let page = Page {
            redirect_url: settings.redirect_url,
            methods: settings.payment_methods,
            minutes: life / 60,
        };
        let (currency, refund_method) = (settings.currency, settings.refund_method);
        let recent_refunds = Cache::builder().max_capacity(1).time_to_live(REFUNDS_AGE).build();
        Ok(Self { client, recent_refunds, webhook_secrets, currency, page, refund_method })
    }

    /// The invoice of a top-up: the one with coins, else the oldest.
    async fn find(&self, topup: TopupId) -> Result<Option<Invoice>, GatewayError> {
        let mut invoices = self.client.invoices_of(topup).await?;
        invoices.retain(|it| it.topup() == Some(topup) && self.is_ours(it));
        Ok(invoices.into_iter().min_by_key(Invoice::rank))
    }

    async fn invoice(&self, id: &str) -> Result<Option<Invoice>, GatewayError> {
        if !is_id(id) {
            return Ok(None);
        }
        let invoice = self.client.invoice(id).await?;
        Ok(invoice.filter(|it| it.id == id && self.is_ours(it)))
    }

    fn is_ours(&self, invoice: &Invoice) -> bool {
        invoice.store_id == self.client.store_id() && is_id(&invoice.id)
    }

    async fn report(&self, invoice: Invoice) -> Result<PaymentReport, GatewayError> {
        let methods =
            if invoice.has_coins() { self.client.methods(&invoice.id).await? } else { Vec::new() };
        let (status, received) = invoice
            .standing(&methods)
            .ok_or(GatewayError::Unavailable("it answers an unknown state"))?;
        let refunds = match received {
            Some(received) => self.refunds(&invoice, &methods, received).await?,
            None => Vec::new(),
        };
        Ok(PaymentReport {
            topup: invoice.topup(),
            status,
            charge: invoice.charge(),
            received,
            refunds,
            // Coins cannot be asked back from a bank.
            disputes: Vec::new(),
            payment_id: invoice.id,
        })
    }

    async fn refunds(
        &self,
        invoice: &Invoice,
        methods: &[Method],
        received: Money,
    ) -> Result<Vec<RefundReport>, GatewayError> {
        if self.refund_method.is_none() {
            return Ok(Vec::new());
        }
        let read = async { self.read_refunds().await.map(Arc::new) };
        let recent = self.recent_refunds.try_get_with((), read).await;
        let recent = recent.map_err(Arc::unwrap_or_clone)?;
        let mut reports = Vec::new();
        for pull in recent.iter().filter(|pull| pull.is_of(&invoice.id)) {
            let value = pull.value(methods, received);
            let value = value.ok_or(GatewayError::Refused("a refund is not readable"))?;
            reports.push(self.refund_report(pull, value).await?);
        }
        Ok(reports)
    }

    async fn read_refunds(&self) -> Result<Vec<PullPayment>, GatewayError> {
        self.client.pull_payments(RECENT_REFUNDS_BYTES).await
    }

    async fn refund_report(
        &self,
        pull: &PullPayment,
        amount: Money,
    ) -> Result<RefundReport, GatewayError> {
        if !is_id(&pull.id) {
            return Err(GatewayError::Refused("a refund is not readable"));
        }
        let payouts = self.client.payouts(&pull.id).await?;
        let (refund, state) = (pull.reference(), pull.state(&payouts));
        Ok(RefundReport { id: pull.id.clone(), refund, amount, state })
    }

    /// The refund with our reference, or a new one.
    async fn give_back(
        &self,
        request: &RefundRequest,
        method: &str,
    ) -> Result<PullPayment, GatewayError> {
        let known = self.client.pull_payments(ALL_REFUNDS_BYTES).await.map_err(unsure)?;
        let mut known = known.into_iter();
        if let Some(pull) = known.find(|it| it.reference() == Some(request.refund)) {
            return Ok(pull);
        }
        let given = self.client.give_back(request, method).await;
        self.recent_refunds.invalidate(&()).await;
        given
    }
}

#[async_trait]
impl PaymentGateway for Btcpay {
    fn terms(&self) -> GatewayTerms {
        let refunds =
            if self.refund_method.is_some() { RefundWay::Claim } else { RefundWay::Manual };
        GatewayTerms { gateway: Gateway::Btcpay, currency: self.currency, exact: false, refunds }
    }

    /// The server opens a second invoice when it is asked twice, so it is asked what it has first,
    /// and again when its answer to the opening is lost.
    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        if request.charge.currency != self.currency {
            return Err(GatewayError::Refused("we charge in another currency"));
        }
        if let Some(known) = self.find(request.topup).await? {
            return known.checked(request);
        }
        let document = invoice::document(request, &self.page)
            .ok_or(GatewayError::Refused("the amount is out of range"))?;
        match self.client.open(&document).await {
            Ok(invoice) if self.is_ours(&invoice) => invoice.checked(request),
            Ok(_) => Err(GatewayError::Refused("it opened a payment of another store")),
            Err(lost @ GatewayError::Unavailable(_)) => {
                let opened = self.find(request.topup).await?;
                opened.ok_or(lost)?.checked(request)
            }
            Err(error) => Err(error),
        }
    }

    async fn fetch(&self, payment: &PaymentRef) -> Result<Option<PaymentReport>, GatewayError> {
        let invoice = match payment {
            PaymentRef::Payment(id) => self.invoice(id).await?,
            PaymentRef::Topup(topup) => self.find(*topup).await?,
            // So new that the list of refunds which we know cannot have it.
            PaymentRef::Alias(id) => {
                if self.refund_method.is_some() {
                    self.recent_refunds.insert((), Arc::new(self.read_refunds().await?)).await;
                }
                self.invoice(id).await?
            }
        };
        match invoice {
            Some(invoice) => self.report(invoice).await.map(Some),
            None => Ok(None),
        }
    }

    /// Nothing in the signature is about time: whoever repeats a notification makes us look at an
    /// invoice once more.
    fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
        _now: Timestamp,
    ) -> Result<Option<Notice>, VerifyError> {
        let header = headers("btcpay-sig").ok_or(VerifyError::Malformed)?;
        webhook::check(&header, raw, &self.webhook_secrets)?;
        webhook::read(raw, self.client.store_id())
    }

    /// Refused only when it is certain that nothing was given back, now or before: the customer
    /// gets the money back then.
    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let method = self.refund_method.as_deref();
        let method = method.ok_or(GatewayError::Unavailable("no refunds are set up"))?;
        let invoice = self.invoice(&request.payment_id).await.map_err(unsure)?;
        let invoice = invoice.ok_or(GatewayError::Unavailable("it knows no such payment"))?;
        let is_meant = invoice.topup() == Some(request.topup)
            && invoice.charge().is_some_and(|it| it.currency == request.amount.currency);
        if !is_meant {
            return Err(GatewayError::Refused("the payment is another one"));
        }
        let pull = self.give_back(request, method).await?;
        let claim_url = pull.view_link.clone().filter(|it| text::is_address(it));
        let amount = pull.sum(request.amount.currency);
        let amount = amount.ok_or(GatewayError::Unavailable("a refund is not readable"))?;
        let report = self.refund_report(&pull, amount).await.map_err(unsure)?;
        Ok(Refunded { report, claim_url })
    }

    /// The server tells of no notifications that it lost.
    async fn missed(&self, _since: Timestamp) -> Result<Vec<Notice>, GatewayError> {
        Ok(Vec::new())
    }
}

/// The same, for callers who would take a refusal for certainty.
fn unsure(error: GatewayError) -> GatewayError {
    match error {
        GatewayError::Refused(why) => GatewayError::Unavailable(why),
        error @ GatewayError::Unavailable(_) => error,
    }
}

impl fmt::Debug for Btcpay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Btcpay").field("store", &self.client.store_id()).finish_non_exhaustive()
    }
}

/// Why the gateway cannot be used as set up.
#[derive(Debug, thiserror::Error)]
pub enum BtcpaySetupError {
    /// Not an address, or one that would send the key over the network unencrypted.
    #[error("api_base must be an address with https, or one of this machine or of Tor")]
    Base,
    /// Not a key.
    #[error("api_key must not be empty and have no blanks")]
    Key,
    /// Not a store.
    #[error("store_id must be letters and digits")]
    Store,
    /// With an empty secret anybody could sign.
    #[error("webhook_secrets must hold at least one, and none may be blank")]
    WebhookSecrets,
    /// Not an address.
    #[error("redirect_url must be an address")]
    Redirect,
    /// Not the name of a way to pay.
    #[error("payment_methods and refund_method must be names such as BTC-CHAIN")]
    Method,
    /// Too short, too long, or no whole minutes.
    #[error("page_life must be whole minutes, up to a day")]
    PageLife,
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests;
