//! Stripe Checkout.

mod api;
mod client;
mod dispute;
mod event;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod minor;
mod refund;
mod session;
mod signature;
mod status;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use domain::{
    gateways::{
        Checkout, CheckoutRequest, GatewayError, GatewayTerms, Notice, PaymentGateway, PaymentRef,
        PaymentReport, PaymentStatus, RefundRequest, RefundWay, Refunded, VerifyError,
        WebhookHeaders,
    },
    ledger::Gateway,
    money::Currency,
    time::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};

use self::{
    api::{Api, unsure},
    client::Client,
    dispute::Dispute,
    refund::Refund,
    session::{Pages, Session, is_id},
};
use crate::http;

/// Our account at Stripe.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// Where the API answers, without `/v1`.
    pub api_base: String,
    /// `sk_…`, or `rk_…` with the rights to write checkout sessions and refunds, and to read
    /// payment intents, disputes and events.
    pub secret_key: SecretString,
    /// `whsec_…`; several while one is being replaced.
    pub webhook_secrets: Vec<SecretString>,
    /// Whether real money moves.
    pub livemode: bool,
    /// What customers are charged in.
    pub currency: Currency,
    /// Where a customer lands after paying; `{CHECKOUT_SESSION_ID}` in it is filled in by Stripe.
    pub success_url: String,
    /// Where a customer lands after giving up.
    pub cancel_url: String,
    /// How long one try of a call may take.
    pub timeout: Duration,
}

/// Takes payments through Stripe Checkout.
pub struct Stripe {
    api: Api,
    pages: Pages,
    webhook_secrets: Vec<SecretString>,
    livemode: bool,
    currency: Currency,
}

impl Stripe {
    /// Checks the settings; does no I/O.
    pub fn new(settings: StripeSettings) -> Result<Self, StripeSetupError> {
        let blank = |secret: &SecretString| secret.expose_secret().trim().is_empty();
        if settings.webhook_secrets.is_empty() || settings.webhook_secrets.iter().any(blank) {
            return Err(StripeSetupError::WebhookSecrets);
        }
        check_key(settings.secret_key.expose_secret(), settings.livemode)?;
        let http = http::gateway_client(settings.timeout).map_err(StripeSetupError::Client)?;
        let client = Client::new(http, &settings.api_base, settings.secret_key)
            .filter(|client| client.is_private() || !settings.livemode)
            .ok_or(StripeSetupError::Base)?;
        let pages = Pages { success: settings.success_url, cancel: settings.cancel_url };
        let Pages { success, cancel } = &pages;
        if [success, cancel].into_iter().any(|page| url::Url::parse(page).is_err()) {
            return Err(StripeSetupError::Pages);
        }
        Ok(Self {
            api: Api::new(client),
            pages,
            webhook_secrets: settings.webhook_secrets,
            livemode: settings.livemode,
            currency: settings.currency,
        })
    }

    async fn session(&self, id: &str) -> Result<Option<Session>, GatewayError> {
        if !is_id(id) {
            return Ok(None);
        }
        let session = self.api.session(id).await?;
        session.map(|session| session.of_mode(self.livemode)).transpose()
    }

    async fn session_of(&self, intent: &str) -> Result<Option<Session>, GatewayError> {
        if !is_id(intent) {
            return Ok(None);
        }
        let session = self.api.session_of(intent).await?;
        session.map(|session| session.of_mode(self.livemode)).transpose()
    }

    /// Nothing is given back or disputed of money that never came, or that is not in a currency in
    /// which it could have been credited.
    async fn report(&self, session: Session) -> Result<PaymentReport, GatewayError> {
        let status = session.payment();
        let status = status.ok_or(GatewayError::Unavailable("it answers an unknown state"))?;
        if !is_id(&session.id) {
            return Err(GatewayError::Refused("the payment has no usable id"));
        }
        let received = session.received().filter(|_| status == PaymentStatus::Settled);
        let (refunds, disputes) = match session.intent().filter(|_| received.is_some()) {
            Some(intent) => tokio::try_join!(self.api.refunds(intent), self.api.disputes(intent))?,
            None => (Vec::new(), Vec::new()),
        };
        Ok(PaymentReport {
            topup: session.topup(),
            status,
            charge: session.charge(),
            received,
            refunds: refunds.into_iter().map(Refund::report).collect::<Result<_, _>>()?,
            disputes: disputes.into_iter().map(Dispute::report).collect::<Result<_, _>>()?,
            payment_id: session.id,
        })
    }
}

#[async_trait]
impl PaymentGateway for Stripe {
    fn terms(&self) -> GatewayTerms {
        GatewayTerms {
            gateway: Gateway::Stripe,
            currency: self.currency,
            exact: true,
            refunds: RefundWay::Direct,
        }
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        if request.charge.currency != self.currency {
            return Err(GatewayError::Refused("we charge in another currency"));
        }
        let form = session::creation_form(request, &self.pages)
            .ok_or(GatewayError::Refused("the amount is out of range"))?;
        // Always the same for a top-up, and so is the body: a repeat, even after a restart, gets
        // the page that the first one opened.
        let key = format!("topup:{}", request.topup);
        let session = self.api.open(key, form).await?;
        session.of_mode(self.livemode)?.checked(request)
    }

    async fn fetch(&self, payment: &PaymentRef) -> Result<Option<PaymentReport>, GatewayError> {
        let session = match payment {
            PaymentRef::Payment(id) => self.session(id).await?,
            PaymentRef::Alias(intent) => self.session_of(intent).await?,
            // It cannot be asked by our reference. Nobody was given the page of a checkout whose
            // answer was lost, and its events would tell of a payment all the same.
            PaymentRef::Topup(_) => return Ok(None),
        };
        match session {
            Some(session) => self.report(session).await.map(Some),
            None => Ok(None),
        }
    }

    fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
        now: Timestamp,
    ) -> Result<Option<Notice>, VerifyError> {
        let header = headers("stripe-signature").ok_or(VerifyError::Malformed)?;
        signature::check(&header, raw, &self.webhook_secrets, now)?;
        event::read(raw, self.livemode)
    }

    /// Refused only when it is certain that nothing was given back, now or before: the customer
    /// gets the money back then.
    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let session = self.session(&request.payment_id).await.map_err(unsure)?;
        let session = session.ok_or(GatewayError::Unavailable("it knows no such payment"))?;
        let form = session
            .intent()
            .filter(|_| session.topup() == Some(request.topup))
            .filter(|_| session.charge().is_some_and(|it| it.currency == request.amount.currency))
            .and_then(|intent| Some((intent, refund::creation_form(request, intent)?)));
        let (intent, form) = form.ok_or(GatewayError::Refused("the payment is another one"))?;
        // Stripe forgets keys after a day, and refunds never.
        let earlier = self.api.refunds(intent).await.map_err(unsure)?;
        let earlier = earlier.into_iter().find(|it| it.reference() == Some(request.refund));
        let refund = match earlier {
            Some(refund) => refund,
            None => self.api.give_back(format!("refund:{}", request.refund), form).await?,
        };
        Ok(Refunded { report: refund.report().map_err(unsure)?, claim_url: None })
    }

    async fn missed(&self, since: Timestamp) -> Result<Vec<Notice>, GatewayError> {
        let events = self.api.undelivered(since).await?;
        let mut notices = Vec::with_capacity(events.len());
        for event in events {
            let id = event.id.clone();
            match event.notice(self.livemode) {
                Ok(notice) => notices.extend(notice),
                Err(error) => tracing::warn!(%error, "Stripe event {id} is left out"),
            }
        }
        Ok(notices)
    }
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").field("livemode", &self.livemode).finish_non_exhaustive()
    }
}

/// A key that fits into a header and, as far as it tells, belongs to the mode.
fn check_key(key: &str, livemode: bool) -> Result<(), StripeSetupError> {
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(StripeSetupError::Key);
    }
    let of_other_mode = if livemode { "_test_" } else { "_live_" };
    if key.get(2..8) == Some(of_other_mode) {
        return Err(StripeSetupError::Mode);
    }
    Ok(())
}

/// Why the gateway cannot be used as set up.
#[derive(Debug, thiserror::Error)]
pub enum StripeSetupError {
    /// Not an address, or one that would send a live key unencrypted.
    #[error("api_base must be an address; with https in live mode")]
    Base,
    /// Not a key.
    #[error("secret_key must not be empty and have no blanks")]
    Key,
    /// A test key in live mode, or the other way round.
    #[error("secret_key belongs to the other mode than livemode says")]
    Mode,
    /// With an empty secret anybody could sign.
    #[error("webhook_secrets must hold at least one, and none may be blank")]
    WebhookSecrets,
    /// Stripe would refuse every call.
    #[error("success_url and cancel_url must be addresses")]
    Pages,
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

#[cfg(test)]
mod tests;
