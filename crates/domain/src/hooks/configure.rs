//! Setting up an endpoint.

use std::sync::Arc;

use super::{Endpoint, Guard, HookKeys, HookQueries, HookSecret, HookUrl, UrlFault};
use crate::{
    fault::{Code, Fault, FieldFault},
    ids::UserId,
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::Clock,
};

/// Shows and changes where a customer is told.
#[derive(Clone)]
pub struct ConfigureEndpoint {
    store: Arc<dyn Store>,
    hooks: Arc<dyn HookQueries>,
    guard: Arc<dyn Guard>,
    keys: Arc<dyn HookKeys>,
    clock: Arc<dyn Clock>,
}

/// What to change; an empty text clears.
#[derive(Clone, Default)]
pub struct EndpointChange {
    /// The address.
    pub url: Option<String>,
    /// The secret.
    pub secret: Option<String>,
}

impl ConfigureEndpoint {
    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        hooks: Arc<dyn HookQueries>,
        (guard, keys): (Arc<dyn Guard>, Arc<dyn HookKeys>),
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, hooks, guard, keys, clock }
    }

    /// The endpoint as it is.
    pub async fn show(&self, user: UserId) -> Result<Endpoint, StoreError> {
        Ok(self.hooks.endpoint(user).await?.unwrap_or_else(|| Endpoint::unset(user)))
    }

    /// Changes it. Whatever is changed, deliveries begin again and failures are forgotten.
    #[tracing::instrument(skip_all, fields(user.id = %user))]
    pub async fn change(
        &self,
        user: UserId,
        change: EndpointChange,
    ) -> Result<Endpoint, ConfigureError> {
        let change = Parsed::read(change)?;
        if let Some(Some(url)) = &change.url {
            self.guard.check(url).await?;
        }
        retrying(ATTEMPTS, || self.apply(user, &change)).await
    }

    async fn apply(&self, user: UserId, change: &Parsed) -> Result<Endpoint, ConfigureError> {
        let mut uow = self.store.begin().await?;
        let mut endpoint = uow.hooks().open_endpoint(user).await?;
        let is_first = endpoint.url.is_none() && matches!(change.url, Some(Some(_)));
        if let Some(url) = &change.url {
            endpoint.url.clone_from(url);
        }
        match &change.secret {
            Some(secret) => endpoint.secret.clone_from(secret),
            None if is_first && endpoint.secret.is_none() => {
                endpoint.secret = Some(self.keys.fresh());
            }
            None => {}
        }
        endpoint.disabled = None;
        endpoint.failures = 0;
        endpoint.version = endpoint.version.saturating_add(1);
        uow.hooks().update_endpoint(&endpoint, self.clock.now()).await?;
        uow.commit().await?;
        Ok(endpoint)
    }
}

/// A change in its own terms: the inner nothing clears.
struct Parsed {
    url: Option<Option<HookUrl>>,
    secret: Option<Option<HookSecret>>,
}

impl Parsed {
    fn read(change: EndpointChange) -> Result<Self, ConfigureError> {
        if change.url.is_none() && change.secret.is_none() {
            return Err(ConfigureError::Nothing);
        }
        let url = change.url.map(|raw| cleared(&raw, HookUrl::parse));
        let secret = change.secret.map(|raw| cleared(&raw, HookSecret::parse));
        Ok(Self {
            url: url.transpose().map_err(|()| ConfigureError::Url(UrlFault::Malformed))?,
            secret: secret.transpose().map_err(|()| ConfigureError::Secret)?,
        })
    }
}

fn cleared<T>(raw: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ()> {
    if raw.is_empty() { Ok(None) } else { parse(raw).map(Some).ok_or(()) }
}

/// Why an endpoint was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// Nothing was to be changed.
    #[error("nothing was to be changed")]
    Nothing,
    /// The address is not one that we call.
    #[error("the address cannot be called")]
    Url(#[from] UrlFault),
    /// The secret is too long.
    #[error("the secret cannot be kept")]
    Secret,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ConfigureError {
    fn code(&self) -> Code {
        match self {
            Self::Nothing | Self::Url(_) | Self::Secret => Code::ValidationError,
            Self::Store(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        let one = |field: &str, message: &str| vec![FieldFault::new(field, message)];
        match self {
            Self::Nothing => one("body", "must hold webhook_url or webhook_secret"),
            Self::Url(fault) => one("webhook_url", &fault.to_string()),
            Self::Secret => one("webhook_secret", "must have at most 256 characters"),
            Self::Store(_) => Vec::new(),
        }
    }
}

impl AsContention for ConfigureError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
