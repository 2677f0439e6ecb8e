//! Stripe Checkout.

mod client;
mod event;
mod minor;
mod session;
mod signature;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use domain::{
    gateways::{
        Checkout, CheckoutRequest, GatewayError, Payment, PaymentGateway, VerifyError,
        WebhookHeaders,
    },
    ledger::Gateway,
    time::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};

use self::{client::Client, session::Pages};
use crate::http;

/// Our account at Stripe.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// Where the API answers, without `/v1`.
    pub api_base: String,
    /// `sk_…`, or `rk_…` with the right to write checkout sessions.
    pub secret_key: SecretString,
    /// `whsec_…`; several while one is being replaced.
    pub webhook_secrets: Vec<SecretString>,
    /// Whether real money moves.
    pub livemode: bool,
    /// Where a customer lands after paying; `{CHECKOUT_SESSION_ID}` in it is filled in by Stripe.
    pub success_url: String,
    /// Where a customer lands after giving up.
    pub cancel_url: String,
    /// How long one try of a call may take.
    pub timeout: Duration,
}

/// Takes payments through Stripe Checkout.
pub struct Stripe {
    client: Client,
    pages: Pages,
    webhook_secrets: Vec<SecretString>,
    livemode: bool,
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
        let (webhook_secrets, livemode) = (settings.webhook_secrets, settings.livemode);
        Ok(Self { client, pages, webhook_secrets, livemode })
    }
}

#[async_trait]
impl PaymentGateway for Stripe {
    fn code(&self) -> Gateway {
        Gateway::Stripe
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, GatewayError> {
        let form = session::creation_form(request, &self.pages)
            .ok_or(GatewayError::Refused("the amount is out of range"))?;
        // Always the same for a top-up, and so is the body: a repeat, even after a restart, gets
        // the page that the first one opened.
        let key = format!("topup:{}", request.topup);
        let session = self.client.create_session(&key, form).await?;
        session.checked(request, self.livemode)
    }

    fn verify(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
        now: Timestamp,
    ) -> Result<Option<Payment>, VerifyError> {
        let header = headers("stripe-signature").ok_or(VerifyError::Malformed)?;
        signature::check(&header, raw, &self.webhook_secrets, now)?;
        event::read(raw, self.livemode)
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
