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
        let change = Parsed::read(&change)?;
        if let Field::Set(url) = &change.url {
            self.guard.check(url).await?;
        }
        retrying(ATTEMPTS, || self.apply(user, &change)).await
    }

    async fn apply(&self, user: UserId, change: &Parsed) -> Result<Endpoint, ConfigureError> {
        let mut uow = self.store.begin().await?;
        let mut endpoint = uow.hooks().open_endpoint(user).await?;
        let is_first = endpoint.url.is_none() && matches!(change.url, Field::Set(_));
        change.url.apply_to(&mut endpoint.url);
        change.secret.apply_to(&mut endpoint.secret);
        let says_nothing = matches!(change.secret, Field::Kept);
        if is_first && says_nothing && endpoint.secret.is_none() {
            endpoint.secret = Some(self.keys.fresh());
        }
        endpoint.disabled = None;
        endpoint.failures = 0;
        endpoint.version = endpoint.version.saturating_add(1);
        uow.hooks().update_endpoint(&endpoint, self.clock.now()).await?;
        uow.commit().await?;
        Ok(endpoint)
    }
}

/// A change in its own terms.
struct Parsed {
    url: Field<HookUrl>,
    secret: Field<HookSecret>,
}

/// What becomes of one field.
enum Field<T> {
    Kept,
    Cleared,
    Set(T),
}

impl Parsed {
    fn read(change: &EndpointChange) -> Result<Self, ConfigureError> {
        if change.url.is_none() && change.secret.is_none() {
            return Err(ConfigureError::Nothing);
        }
        Ok(Self {
            url: Field::read(change.url.as_deref(), HookUrl::parse)
                .ok_or(ConfigureError::Url(UrlFault::Malformed))?,
            secret: Field::read(change.secret.as_deref(), HookSecret::parse)
                .ok_or(ConfigureError::Secret)?,
        })
    }
}

impl<T: Clone> Field<T> {
    /// Nothing when the text is refused.
    fn read(raw: Option<&str>, parse: impl FnOnce(&str) -> Option<T>) -> Option<Self> {
        match raw {
            None => Some(Self::Kept),
            Some("") => Some(Self::Cleared),
            Some(raw) => parse(raw).map(Self::Set),
        }
    }

    fn apply_to(&self, stored: &mut Option<T>) {
        match self {
            Self::Kept => {}
            Self::Cleared => *stored = None,
            Self::Set(value) => *stored = Some(value.clone()),
        }
    }
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
