//! Heleket and Cryptomus: two gateways for cryptocurrency that speak the same protocol.

mod client;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod invoice;
mod json;
mod signature;
mod status;
mod webhook;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use domain::{
    gateways::{
        Checkout, CheckoutRequest, GatewayError, GatewayTerms, Notice, PaymentGateway, PaymentRef,
        PaymentReport, RefundRequest, RefundWay, Refunded, VerifyError, WebhookHeaders,
    },
    ledger::Gateway,
    money::Currency,
    time::Timestamp,
};
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use self::{client::Client, invoice::Pages};
use super::{
    secrets::SecretList,
    text::{is_address, is_id},
};
use crate::http;

/// Notifications are below a kilobyte and a half.
const LONGEST_WEBHOOK: usize = 64 * 1024;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CryptomusService {
    /// The one that took over most of the other's customers.
    Heleket,
    /// The older one.
    Cryptomus,
}

impl CryptomusService {
    /// Where its API answers.
    pub const fn api_base(self) -> &'static str {
        match self {
            Self::Heleket => "https://api.heleket.com",
            Self::Cryptomus => "https://api.cryptomus.com",
        }
    }

    /// The name it has with us.
    pub const fn gateway(self) -> Gateway {
        match self {
            Self::Heleket => Gateway::Heleket,
            Self::Cryptomus => Gateway::Cryptomus,
        }
    }
}

/// Our account at one of the two.
#[derive(Debug, Clone)]
pub struct CryptomusSettings {
    /// Which one.
    pub service: CryptomusService,
    /// Where the API answers, without `/v1`; [`CryptomusService::api_base`] in earnest.
    pub api_base: String,
    /// The id of our account.
    pub merchant: String,
    /// Payment keys. The first signs our calls; notifications may be signed with any, so that a key
    /// can be replaced.
    pub api_keys: Vec<SecretString>,
    /// Whether real money moves.
    pub livemode: bool,
    /// Where notifications are sent.
    pub callback_url: String,
    /// Where a customer lands who gives up.
    pub return_url: String,
    /// Where a customer lands after paying.
    pub success_url: String,
    /// How long an invoice can be paid: five minutes to twelve hours.
    pub lifetime: Duration,
    /// How long one try of a call may take.
    pub timeout: Duration,
}

/// Takes payments through Heleket or Cryptomus.
pub struct Cryptomus {
    client: Client,
    pages: Pages,
    secrets: SecretList,
    lifetime: u64,
}

impl Cryptomus {
    /// Checks the settings; does no I/O.
    pub fn new(settings: CryptomusSettings) -> Result<Self, CryptomusSetupError> {
        let secrets = SecretList::new(settings.api_keys).ok_or(CryptomusSetupError::Keys)?;
        if !is_id(&settings.merchant) {
            return Err(CryptomusSetupError::Merchant);
        }
        let lifetime = settings.lifetime.as_secs();
        if !(300..=43_200).contains(&lifetime) {
            return Err(CryptomusSetupError::Lifetime);
        }
        let pages = Pages {
            callback: settings.callback_url,
            back: settings.return_url,
            success: settings.success_url,
        };
        // The gateway takes no longer ones.
        let usable = |page: &String| is_address(page) && page.len() <= 255;
        if ![&pages.callback, &pages.back, &pages.success].into_iter().all(usable) {
            return Err(CryptomusSetupError::Pages);
        }
        let is_private = settings.api_base.starts_with("https://");
        let endpoint = |path: &str| {
            let base = settings.api_base.trim_end_matches('/');
            let url = format!("{base}/v1/{path}");
            let url = Some(url).filter(|url| is_address(url) && (is_private || !settings.livemode));
            url.and_then(|url| Url::parse(&url).ok()).ok_or(CryptomusSetupError::Base)
        };
        let client = Client {
            gateway: settings.service.gateway(),
            create: endpoint("payment")?,
            info: endpoint("payment/info")?,
            http: http::gateway_client(settings.timeout).map_err(CryptomusSetupError::Client)?,
            merchant: settings.merchant,
        };
        Ok(Self { client, pages, secrets, lifetime })
    }
}

#[async_trait]
impl PaymentGateway for Cryptomus {
    fn terms(&self) -> GatewayTerms {
        GatewayTerms {
            gateway: self.client.gateway,
            currency: Currency::Usd,
            exact: false,
            // A refund needs an address of the customer's. Where the money came from is none: that
            // is often an exchange, where it would be lost.
            refunds: RefundWay::Manual,
        }
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        let gateway = self.client.gateway;
        let body = invoice::creation(gateway, request, &self.pages, self.lifetime)
            .ok_or(GatewayError::Refused("the amount is out of range"))?;
        self.client.create(&body, &self.secrets).await?.checkout(request)
    }

    async fn fetch(&self, payment: &PaymentRef) -> Result<Option<PaymentReport>, GatewayError> {
        let query = match payment {
            PaymentRef::Payment(id) => json!({ "uuid": id }),
            PaymentRef::Topup(topup) => json!({ "order_id": topup.to_string() }),
            PaymentRef::Alias(_) => return Ok(None),
        };
        let body = invoice::encode(&query).unwrap_or_default();
        let Some(invoice) = self.client.info(&body, &self.secrets).await? else { return Ok(None) };
        let report = invoice.report()?;
        let is_meant = match payment {
            PaymentRef::Payment(id) => report.payment_id == *id,
            PaymentRef::Topup(topup) => report.topup == Some(*topup),
            PaymentRef::Alias(_) => false,
        };
        is_meant
            .then_some(Some(report))
            .ok_or(GatewayError::Unavailable("it tells of another payment"))
    }

    fn verify(
        &self,
        _headers: &WebhookHeaders<'_>,
        raw: &[u8],
        _now: Timestamp,
    ) -> Result<Option<Notice>, VerifyError> {
        if raw.len() > LONGEST_WEBHOOK {
            return Err(VerifyError::Malformed);
        }
        let code = signature::check(raw, &self.secrets)?;
        webhook::read(self.client.gateway, raw, code)
    }

    async fn refund(&self, _request: &RefundRequest) -> Result<Refunded, GatewayError> {
        Err(GatewayError::Refused("it needs an address to send the money to"))
    }

    async fn missed(&self, _since: Timestamp) -> Result<Vec<Notice>, GatewayError> {
        Ok(Vec::new())
    }
}

impl fmt::Debug for Cryptomus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cryptomus").field("gateway", &self.client.gateway).finish_non_exhaustive()
    }
}

/// Why the gateway cannot be used as set up.
#[derive(Debug, thiserror::Error)]
pub enum CryptomusSetupError {
    /// Not an address, or one that would trust an unencrypted answer with real money.
    #[error("api_base must be an address; with https in live mode")]
    Base,
    /// Every call carries it in a header.
    #[error("merchant must not be empty and have no blanks")]
    Merchant,
    /// With an empty key anybody could sign.
    #[error("api_keys must hold at least one, and none may be blank")]
    Keys,
    /// The gateway takes no other.
    #[error("lifetime must be five minutes to twelve hours")]
    Lifetime,
    /// The gateway would refuse every call.
    #[error("callback_url, return_url and success_url must be addresses of at most 255 bytes")]
    Pages,
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests;
