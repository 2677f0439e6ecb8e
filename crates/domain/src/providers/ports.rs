use std::sync::Arc;

use async_trait::async_trait;

use super::{
    AcquireError, AcquireRequest, Activation, CancelOutcome, Listing, ProviderCatalog,
    ProviderError, Refusal, UpstreamStatus,
};
use crate::{
    ids::{ExternalId, ProviderId},
    money::{Cost, Deposit},
    store::StoreError,
};

/// One provider, whatever it speaks. Every call has a deadline of its own.
#[async_trait]
pub trait NumberProvider: Send + Sync {
    /// Rents a number. Not idempotent upstream: never called twice for one attempt.
    async fn acquire(&self, request: &AcquireRequest) -> Result<Activation, AcquireError>;

    /// What renting the number of a finished activation again costs now.
    async fn reactivation_cost(&self, _: &ExternalId) -> Result<Cost, ProviderError> {
        Err(ProviderError::Refused("rents no number out again"))
    }

    /// Rents the number of a finished activation again, under an id of its own. Not idempotent
    /// upstream: never called twice for one attempt.
    async fn reactivate(&self, _: &ExternalId) -> Result<Activation, AcquireError> {
        Err(AcquireError::Refused(Refusal::NotAsked("rents no number out again")))
    }

    /// Where an activation stands.
    async fn status(&self, id: &ExternalId) -> Result<UpstreamStatus, ProviderError>;

    /// Gives a number back. Safe to repeat.
    async fn cancel(&self, id: &ExternalId) -> Result<CancelOutcome, ProviderError>;

    /// Tells the provider that no further SMS is awaited. Safe to repeat.
    async fn finish(&self, id: &ExternalId) -> Result<(), ProviderError>;

    /// Asks for a further SMS on the same number.
    async fn resend(&self, id: &ExternalId) -> Result<(), ProviderError>;

    /// All running activations of our account.
    async fn active(&self) -> Result<Listing, ProviderError>;

    /// Everything on sale.
    async fn catalog(&self) -> Result<ProviderCatalog, ProviderError>;

    /// What is left of our money there.
    async fn balance(&self) -> Result<Deposit, ProviderError>;
}

/// Finds the adapter of a provider.
#[async_trait]
pub trait ProviderRegistry: Send + Sync {
    /// The adapter, or nothing when the provider does not exist. Disabled providers are found:
    /// their running activations must still end.
    async fn get(&self, id: ProviderId) -> Result<Option<Arc<dyn NumberProvider>>, StoreError>;
}

/// What an operator set up for a provider, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRecord {
    /// Its id.
    pub id: ProviderId,
    /// Short name that operators and customers use.
    pub code: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it is called.
    pub base_url: String,
    /// Lower is asked first among equal prices.
    pub priority: i32,
    /// Whether numbers are bought from it.
    pub enabled: bool,
    /// Whether its callbacks are believed without asking it back.
    pub trusts_callbacks: bool,
}

/// What an operator enters to add a provider.
#[derive(Debug, Clone)]
pub struct NewProvider {
    /// Short unique name.
    pub code: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it is called.
    pub base_url: String,
    /// Our key there; sealed before it is stored.
    pub api_key: String,
    /// Lower is asked first among equal prices.
    pub priority: i32,
    /// Whether its callbacks are believed without asking it back.
    pub trusts_callbacks: bool,
}

/// How a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// The `handler_api.php` family.
    SmsActivate,
}

impl Protocol {
    /// The name as stored and as operators type it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SmsActivate => "sms_activate",
        }
    }

    /// Reads a stored or typed name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sms_activate" => Some(Self::SmsActivate),
            _ => None,
        }
    }

    /// Whether it has a way to rent a number once more.
    pub const fn reactivates(self) -> bool {
        match self {
            Self::SmsActivate => true,
        }
    }
}

/// The operator's list of providers.
#[async_trait]
pub trait ProviderDirectory: Send + Sync {
    /// Adds a provider and answers with its record and the secret part of its callback path.
    /// Nothing when the code is taken.
    async fn add(
        &self,
        provider: &NewProvider,
    ) -> Result<Option<(ProviderRecord, String)>, StoreError>;

    /// All of them, by priority.
    async fn list(&self) -> Result<Vec<ProviderRecord>, StoreError>;

    /// The provider behind the secret part of a callback path.
    async fn by_callback_secret(&self, secret: &str) -> Result<Option<ProviderRecord>, StoreError>;

    /// The secret part of the callback path of a provider.
    async fn callback_secret(&self, id: ProviderId) -> Result<Option<String>, StoreError>;

    /// Starts or stops buying from a provider; false when the code is unknown.
    async fn set_enabled(&self, code: &str, enabled: bool) -> Result<bool, StoreError>;

    /// Moves a provider to another address; false when the code is unknown.
    async fn set_url(&self, code: &str, base_url: &str) -> Result<bool, StoreError>;
}
