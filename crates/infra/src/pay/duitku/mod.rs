//! Duitku: bank transfers, QRIS and e-wallets of Indonesia.

mod callback;
mod client;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod signature;
mod transaction;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use domain::{
    gateways::{
        Checkout, CheckoutRequest, GatewayError, GatewayTerms, Notice, PaymentGateway, PaymentRef,
        PaymentReport, RefundRequest, RefundWay, Refunded, VerifyError, WebhookHeaders,
    },
    ids::TopupId,
    ledger::Gateway,
    money::Currency,
    time::Timestamp,
};
use secrecy::SecretString;
use url::Url;

use self::client::Client;
use super::{
    secrets::SecretList,
    text::{is_address, is_id},
};
use crate::http;

/// How calls and callbacks are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuitkuAlgorithm {
    /// The older edition, with the key behind the fields.
    Md5,
    /// The newer edition.
    HmacSha256,
}

/// Our project at Duitku.
#[derive(Debug, Clone)]
pub struct DuitkuSettings {
    /// Where the API answers, without `/webapi`.
    pub api_base: String,
    /// The code of the project, such as `D1234`.
    pub merchant_code: String,
    /// API keys. The first signs our calls; callbacks may be signed with any, so that a key can be
    /// replaced.
    pub api_keys: Vec<SecretString>,
    /// The edition the project is set to.
    pub algorithm: DuitkuAlgorithm,
    /// Whether real money moves.
    pub livemode: bool,
    /// The way to pay, two characters such as `SP` for QRIS.
    pub payment_method: String,
    /// What banks show the payer as the name of the account.
    pub shop_name: String,
    /// The address they ask for with each payment. Ours: customers' own are no business of theirs.
    pub email: String,
    /// Where callbacks are sent.
    pub callback_url: String,
    /// Where a customer lands afterwards.
    pub return_url: String,
    /// How long a page can be paid on, in whole minutes: one minute to a day.
    pub expiry: Duration,
    /// How long one try of a call may take.
    pub timeout: Duration,
}

/// Takes payments through Duitku.
pub struct Duitku {
    client: Client,
    account: Account,
    shop: Shop,
}

/// Who we are, and how we prove it.
struct Account {
    merchant: String,
    secrets: SecretList,
    algorithm: DuitkuAlgorithm,
}

impl Account {
    fn sign(&self, fields: &[&str]) -> String {
        self.secrets.sign(|key| signature::code(self.algorithm, fields, key))
    }
}

/// What each inquiry says of us.
struct Shop {
    method: String,
    name: String,
    email: String,
    callback: String,
    back: String,
    expiry_minutes: u64,
}

impl Shop {
    /// Nothing for what would be refused with every inquiry.
    fn new(settings: &DuitkuSettings) -> Option<Self> {
        let fits = |text: &str, longest| (1..=longest).contains(&text.len());
        let expiry_minutes = settings.expiry.as_secs() / 60;
        let method = settings.payment_method.as_str();
        let usable = fits(&settings.shop_name, 20)
            && fits(&settings.email, 50)
            && settings.email.contains('@')
            && method.len() == 2
            && method.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && (1..=1440).contains(&expiry_minutes);
        usable.then(|| Self {
            method: settings.payment_method.clone(),
            name: settings.shop_name.clone(),
            email: settings.email.clone(),
            callback: settings.callback_url.clone(),
            back: settings.return_url.clone(),
            expiry_minutes,
        })
    }
}

impl Duitku {
    /// Checks the settings; does no I/O.
    pub fn new(settings: DuitkuSettings) -> Result<Self, DuitkuSetupError> {
        let shop = Shop::new(&settings).ok_or(DuitkuSetupError::Shop)?;
        let usable = |page: &String| is_address(page) && page.len() <= 255;
        if ![&shop.callback, &shop.back].into_iter().all(usable) {
            return Err(DuitkuSetupError::Pages);
        }
        if !is_id(&settings.merchant_code) || settings.merchant_code.len() > 50 {
            return Err(DuitkuSetupError::Merchant);
        }
        let is_private = settings.api_base.starts_with("https://");
        let endpoint = |path: &str| {
            let base = settings.api_base.trim_end_matches('/');
            let url = format!("{base}/webapi/api/merchant/{path}");
            let url = Some(url).filter(|url| is_address(url) && (is_private || !settings.livemode));
            url.and_then(|url| Url::parse(&url).ok()).ok_or(DuitkuSetupError::Base)
        };
        let client = Client {
            inquiry: endpoint("v2/inquiry")?,
            status: endpoint("transactionStatus")?,
            http: http::gateway_client(settings.timeout).map_err(DuitkuSetupError::Client)?,
        };
        let account = Account {
            secrets: SecretList::new(settings.api_keys).ok_or(DuitkuSetupError::Keys)?,
            merchant: settings.merchant_code,
            algorithm: settings.algorithm,
        };
        Ok(Self { client, account, shop })
    }
}

#[async_trait]
impl PaymentGateway for Duitku {
    fn terms(&self) -> GatewayTerms {
        GatewayTerms {
            gateway: Gateway::Duitku,
            currency: Currency::Idr,
            exact: true,
            refunds: RefundWay::Manual,
        }
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        self.client.open(request, &self.account, &self.shop).await
    }

    async fn fetch(&self, payment: &PaymentRef) -> Result<Option<PaymentReport>, GatewayError> {
        // The id of a payment is our reference.
        let topup = match payment {
            PaymentRef::Payment(id) => TopupId::parse(id),
            PaymentRef::Topup(topup) => Some(*topup),
            PaymentRef::Alias(_) => None,
        };
        let Some(topup) = topup else { return Ok(None) };
        self.client.status(topup, &self.account).await
    }

    fn verify(
        &self,
        _headers: &WebhookHeaders<'_>,
        raw: &[u8],
        _now: Timestamp,
    ) -> Result<Option<Notice>, VerifyError> {
        callback::read(raw, &self.account)
    }

    async fn refund(&self, _request: &RefundRequest) -> Result<Refunded, GatewayError> {
        Err(GatewayError::Refused("it has no call for that"))
    }

    async fn missed(&self, _since: Timestamp) -> Result<Vec<Notice>, GatewayError> {
        Ok(Vec::new())
    }
}

impl fmt::Debug for Duitku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duitku").field("merchant", &self.account.merchant).finish_non_exhaustive()
    }
}

/// Why the gateway cannot be used as set up.
#[derive(Debug, thiserror::Error)]
pub enum DuitkuSetupError {
    /// Not an address, or one that would trust an unencrypted answer with real money.
    #[error("api_base must be an address; with https in live mode")]
    Base,
    /// It is part of everything that is signed.
    #[error("merchant_code must be 1 to 50 characters without blanks")]
    Merchant,
    /// With an empty key anybody could sign.
    #[error("api_keys must hold at least one, and none may be blank")]
    Keys,
    /// Every inquiry would be refused.
    #[error(
        "payment_method has two characters, shop_name at most 20, email at most 50, expiry is one \
         minute to a day"
    )]
    Shop,
    /// Every inquiry would be refused.
    #[error("callback_url and return_url must be addresses of at most 255 bytes")]
    Pages,
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests;
