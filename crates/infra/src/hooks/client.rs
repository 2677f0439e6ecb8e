use std::{error::Error, io, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    hooks::{Guard, HookSender, HookUrl, News, Parcel, SendOutcome, Sent, Target, UrlFault},
    time::Clock,
};
use metrics::{counter, histogram};
use reqwest::{Certificate, Client, Response, header::CONTENT_TYPE};
use tokio::time::{Instant, timeout_at};

use super::{
    body,
    guard::{Address, Borders, Gate, GateError, Names},
    network::Network,
    reply, signature,
};
use crate::http::hook_client;

/// The published signature.
const SIGNATURE: &str = "x-webhook-signature";

/// Sends messages to addresses of customers, and to nowhere that is not public.
pub struct HookClient {
    borders: Arc<Borders>,
    sealed: Way,
    plain: Way,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// How a message gets out: the client, and what resolves names for it.
struct Way {
    client: Client,
    gate: Gate,
}

/// What a [`HookClient`] is told.
#[derive(Debug, Clone)]
pub struct HookSettings {
    /// From the first look at the name until the answer begins.
    pub timeout: Duration,
    /// Networks that may be called although they are not public, and without encryption; for
    /// tests.
    pub open: Vec<String>,
    /// Networks that may not be called although they are public: our own.
    pub closed: Vec<String>,
    /// Certificates of authorities that are believed beside those of the system, as PEM.
    pub extra_ca: Option<String>,
}

impl HookClient {
    /// How long the rest of an answer may take once its status is known.
    const READING: Duration = Duration::from_millis(500);

    /// Prepares a client that resolves names with `names`.
    ///
    /// # Errors
    /// When a network is none, or a certificate.
    pub fn new(
        settings: &HookSettings,
        names: Arc<dyn Names>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HookSetupError> {
        let parse = |text: &String| {
            Network::parse(text).ok_or_else(|| HookSetupError::Network(text.clone()))
        };
        let all = |texts: &[String]| texts.iter().map(parse).collect::<Result<Vec<_>, _>>();
        let (open, closed) = (all(&settings.open)?, all(&settings.closed)?);
        let borders = Arc::new(Borders { open, closed });
        let guarded = Arc::clone(&borders);
        let authorities = settings.extra_ca.as_deref().map(authorities).transpose()?;
        let authorities = authorities.unwrap_or_default();
        let way = move |plain| {
            let gate = Gate::new(Arc::clone(&names), Arc::clone(&guarded), plain);
            let client = hook_client(Arc::new(gate.clone()), plain, &authorities)?;
            Ok::<_, HookSetupError>(Way { client, gate })
        };
        let (sealed, plain) = (way(false)?, way(true)?);
        Ok(Self { borders, sealed, plain, timeout: settings.timeout, clock })
    }

    const fn way(&self, address: &Address) -> &Way {
        if address.plain { &self.plain } else { &self.sealed }
    }

    async fn post(&self, target: &Target, parcel: &Parcel) -> Answer {
        let Ok(address) = Address::read(&target.url, &self.borders) else {
            return Answer::none(SendOutcome::Blocked, String::new());
        };
        let host = address.url.host_str().unwrap_or_default().to_owned();
        let Ok(body) = body::render(parcel) else {
            return Answer::none(SendOutcome::Unreachable, host);
        };
        let id = parcel.id.to_string();
        let timestamp = self.clock.now().timestamp();
        let mut request = self
            .way(&address)
            .client
            .post(address.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp);
        if let Some(secret) = &target.secret {
            let standard = signature::of_message(secret, &id, timestamp, &body);
            request = request
                .header(SIGNATURE, signature::of_body(secret, &body))
                .header("webhook-signature", standard);
        }
        let deadline = Instant::now() + self.timeout;
        match timeout_at(deadline, request.body(body).send()).await {
            Err(_) => Answer::none(SendOutcome::TimedOut, host),
            Ok(Err(error)) => Answer::none(reason(&error), host),
            Ok(Ok(response)) => self.hear(response, &address, parcel, host).await,
        }
    }

    /// Reads what there is to read of an answer.
    async fn hear(
        &self,
        mut response: Response,
        address: &Address,
        parcel: &Parcel,
        host: String,
    ) -> Answer {
        let from = response.remote_addr().map(|address| address.ip());
        if !from.is_some_and(|from| self.borders.allows(from, address.plain)) {
            tracing::error!("a webhook was answered from an address that is not called");
            return Answer::none(SendOutcome::Blocked, host);
        }
        let wish = reply::wish(response.headers(), self.clock.now());
        let outcome = SendOutcome::Answered(response.status().as_u16());
        let until = Instant::now() + Self::READING;
        let read = timeout_at(until, reply::beginning(&mut response)).await.unwrap_or_default();
        let response = reply::printable(&read, &body::confidences(parcel));
        Answer { outcome, host, response, wish }
    }

    fn measure(&self, parcel: &Parcel, sent: &Sent) {
        counter!("webhook_attempts_total", "outcome" => sent.outcome.as_str()).increment(1);
        histogram!("webhook_attempt_seconds").record(sent.took);
        if parcel.number == 1 && matches!(parcel.news, News::Order(_)) {
            let age = self.clock.now().signed_duration_since(parcel.at).to_std();
            let before = age.unwrap_or_default().saturating_sub(sent.took);
            histogram!("webhook_first_attempt_delay_seconds").record(before);
        }
    }
}

#[async_trait]
impl HookSender for HookClient {
    async fn send(&self, target: &Target, parcel: &Parcel) -> Sent {
        let started = Instant::now();
        let Answer { outcome, host, response, wish } = self.post(target, parcel).await;
        let sent = Sent { outcome, host, took: started.elapsed(), response, wish };
        self.measure(parcel, &sent);
        sent
    }
}

#[async_trait]
impl Guard for HookClient {
    async fn check(&self, url: &HookUrl) -> Result<(), UrlFault> {
        let address = Address::read(url, &self.borders)?;
        let Some(name) = address.name() else { return Ok(()) };
        let resolved = self.way(&address).gate.resolve(name);
        match timeout_at(Instant::now() + self.timeout, resolved).await {
            Ok(Err(GateError::Closed)) if address.plain => Err(UrlFault::Scheme),
            Ok(Err(GateError::Closed)) => Err(UrlFault::NotPublic),
            Ok(Ok(_) | Err(GateError::Unknown(_))) | Err(_) => Ok(()),
        }
    }
}

/// What sending brought, apart from its duration.
struct Answer {
    outcome: SendOutcome,
    host: String,
    response: Option<String>,
    wish: Option<Duration>,
}

impl Answer {
    const fn none(outcome: SendOutcome, host: String) -> Self {
        Self { outcome, host, response: None, wish: None }
    }
}

/// The certificates in a PEM text, of which there has to be one.
fn authorities(pem: &str) -> Result<Vec<Certificate>, HookSetupError> {
    let found = Certificate::from_pem_bundle(pem.as_bytes()).unwrap_or_default();
    if found.is_empty() { Err(HookSetupError::Authority) } else { Ok(found) }
}

/// Why no answer came. What the operating system says is in the chain of causes.
fn reason(error: &reqwest::Error) -> SendOutcome {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if matches!(error.downcast_ref(), Some(GateError::Closed)) {
            return SendOutcome::Blocked;
        }
        if is_about_a_certificate(error) {
            return SendOutcome::Untrusted;
        }
        cause = error.source();
    }
    if error.is_timeout() { SendOutcome::TimedOut } else { SendOutcome::Unreachable }
}

/// What TLS says travels inside I/O errors, which pass over it when asked for their cause.
fn is_about_a_certificate(error: &(dyn Error + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.is_some_and(|inner| is_about_a_certificate(inner))
}

/// Why a client cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum HookSetupError {
    /// Not a network.
    #[error("{0:?} is no network such as 10.0.0.0/8")]
    Network(String),
    /// Not certificates.
    #[error("webhooks.extra_ca holds no certificate in PEM")]
    Authority,
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built")]
    Client(#[from] reqwest::Error),
}
