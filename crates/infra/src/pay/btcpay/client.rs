//! Calls to the server. Reading is repeated; opening and giving back are not once they have been
//! sent, because the server would do them twice.

use domain::{
    gateways::{GatewayError, RefundRequest},
    ids::TopupId,
    ledger::Gateway,
};
use reqwest::{RequestBuilder, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::{Host, Url};

use super::{
    invoice::{Document, Invoice, Method},
    list,
    refund::{Order, Payout, PullPayment},
};
use crate::pay::call::{Failure, exchange, exchange_start, repeating};

pub(super) struct Client {
    http: reqwest::Client,
    /// Ends with `/api/v1/`.
    base: Url,
    store_id: String,
    key: SecretString,
}

impl Client {
    /// Nothing when `base` is no address, or one that would give the key away.
    pub(super) fn new(
        http: reqwest::Client,
        base: &str,
        store_id: &str,
        key: SecretString,
    ) -> Option<Self> {
        let base = Url::parse(&format!("{}/api/v1/", base.trim_end_matches('/'))).ok()?;
        let is_private = base.scheme() == "https" || (base.scheme() == "http" && is_near(&base));
        is_private.then(|| Self { http, base, store_id: store_id.to_owned(), key })
    }

    pub(super) fn store_id(&self) -> &str {
        &self.store_id
    }

    pub(super) async fn invoice(&self, id: &str) -> Result<Option<Invoice>, GatewayError> {
        self.get(&self.in_store(&format!("invoices/{id}"))).await
    }

    /// All invoices with our reference; there is hardly ever more than one.
    pub(super) async fn invoices_of(&self, topup: TopupId) -> Result<Vec<Invoice>, GatewayError> {
        self.list(&self.in_store(&format!("invoices?orderId={topup}&includeArchived=true"))).await
    }

    /// The ways to pay of an invoice, with the payments that count.
    pub(super) async fn methods(&self, invoice: &str) -> Result<Vec<Method>, GatewayError> {
        self.list(&self.in_store(&format!("invoices/{invoice}/payment-methods"))).await
    }

    /// The newest of what the store put aside for others, as many as there are in the first `limit`
    /// bytes: the server has no pages of them, and their number only grows.
    pub(super) async fn pull_payments(
        &self,
        limit: usize,
    ) -> Result<Vec<PullPayment>, GatewayError> {
        let path = self.in_store("pull-payments?includeArchived=true");
        let url = self.url(&path)?;
        let attempt = async || {
            let request = self.signed(self.http.get(url.clone()));
            let (status, body) = exchange_start(request, limit).await?;
            if status.is_success() {
                return list::start(&body).ok_or(Failure::passing("the answer is not readable"));
            }
            Refusal::read(&body).tell(status, &path);
            Err(Failure::of_status(status))
        };
        repeating(Gateway::Btcpay, attempt).await
    }

    /// What became of a pull payment.
    pub(super) async fn payouts(&self, pull: &str) -> Result<Vec<Payout>, GatewayError> {
        self.list(&format!("pull-payments/{pull}/payouts")).await
    }

    /// Opens an invoice, another one each time.
    pub(super) async fn open(&self, document: &Document<'_>) -> Result<Invoice, GatewayError> {
        self.post(&self.in_store("invoices"), document, Failure::of_status).await
    }

    /// Puts money aside for the payer, another time each time. Refused only when the server looked
    /// at the call and will not do it.
    pub(super) async fn give_back(
        &self,
        request: &RefundRequest,
        method: &str,
    ) -> Result<PullPayment, GatewayError> {
        let path = self.in_store(&format!("invoices/{}/refund", request.payment_id));
        let verdict = |status: StatusCode| match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Failure::refused("it does not give this back")
            }
            _ => Failure::passing("it may not have given this back"),
        };
        self.post(&path, &Order::new(request, method), verdict).await
    }

    async fn list<T: DeserializeOwned + Send>(&self, path: &str) -> Result<Vec<T>, GatewayError> {
        Ok(self.get(path).await?.unwrap_or_default())
    }

    /// Nothing when the server has no such thing.
    async fn get<T: DeserializeOwned + Send>(&self, path: &str) -> Result<Option<T>, GatewayError> {
        let url = self.url(path)?;
        let attempt = async || {
            let (status, body) = exchange(self.signed(self.http.get(url.clone()))).await?;
            if status.is_success() {
                return parse(&body).map(Some);
            }
            let refusal = Refusal::read(&body);
            if status == StatusCode::NOT_FOUND && refusal.code.ends_with("-not-found") {
                return Ok(None);
            }
            refusal.tell(status, path);
            Err(Failure::of_status(status))
        };
        repeating(Gateway::Btcpay, attempt).await
    }

    /// `of_status` says what a status means that is no success.
    async fn post<T: DeserializeOwned + Send>(
        &self,
        path: &str,
        document: &(impl Serialize + Sync),
        of_status: impl Fn(StatusCode) -> Failure + Send + Sync,
    ) -> Result<T, GatewayError> {
        let url = self.url(path)?;
        let body = serde_json::to_vec(document);
        let body = body.map_err(|_| GatewayError::Refused("the call cannot be written"))?;
        let attempt = async || {
            let request = self.http.post(url.clone()).body(body.clone());
            let request = request.header(header::CONTENT_TYPE, "application/json");
            let (status, answer) = exchange(self.signed(request)).await?;
            if status.is_success() {
                return parse(&answer);
            }
            Refusal::read(&answer).tell(status, path);
            Err(of_status(status))
        };
        repeating(Gateway::Btcpay, async || attempt().await.map_err(Failure::only_if_unsent)).await
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        let token = format!("token {}", self.key.expose_secret());
        request.header(header::AUTHORIZATION, token)
    }

    fn in_store(&self, path: &str) -> String {
        format!("stores/{}/{path}", self.store_id)
    }

    fn url(&self, path: &str) -> Result<Url, GatewayError> {
        self.base.join(path).map_err(|_| GatewayError::Refused("there is no such address"))
    }
}

/// Whether nobody is between us and the server, or only Tor, which encrypts by itself.
fn is_near(base: &Url) -> bool {
    match base.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => {
            name == "localhost" || name.rsplit_once('.').is_some_and(|(_, top)| top == "onion")
        }
        None => false,
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::passing("the answer is not readable"))
}

/// What the server says about a call that it did not do. Its message is left out: it may quote.
#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    code: String,
}

impl Refusal {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    fn tell(&self, status: StatusCode, path: &str) {
        let path = path.split('?').next().unwrap_or_default();
        let code: String = self.code.chars().take(64).collect();
        tracing::warn!(
            http.status = status.as_u16(),
            error.code = code,
            "BTCPay Server refuses call {path}"
        );
    }
}
