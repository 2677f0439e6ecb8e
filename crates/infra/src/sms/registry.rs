use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    ids::ProviderId,
    providers::{NumberProvider, Protocol, ProviderRegistry},
    store::StoreError,
    test_mode,
};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::{
    AccessSource, ProviderAccess, ProviderSettings,
    builtin_test::BuiltinTest,
    sms_activate::{Client, Endpoint, SmsActivate},
};
use crate::{
    http,
    resilience::{GuardSettings, Guarded},
};

/// How long an operator's change to a provider may go unnoticed.
const FRESH: Duration = Duration::from_secs(5);
/// The catalog is three requests of megabytes each.
const CATALOG_DEADLINES: u32 = 4;

type Adapter = Arc<Guarded<SmsActivate>>;

/// Builds the adapters of providers and keeps them, with what they learned about their provider,
/// for as long as address and key stay the same.
pub struct Registry {
    source: Arc<dyn AccessSource>,
    settings: ProviderSettings,
    http: reqwest::Client,
    known: Mutex<HashMap<ProviderId, Known>>,
}

struct Known {
    adapter: Adapter,
    built_from: ProviderAccess,
    checked_at: Instant,
}

impl Registry {
    /// Reads providers from `source` when they are first asked for. Fails only where TLS cannot be
    /// set up.
    pub fn new(
        source: Arc<dyn AccessSource>,
        settings: ProviderSettings,
    ) -> Result<Self, reqwest::Error> {
        let http = http::provider_client(settings.connect_timeout, settings.timeout)?;
        Ok(Self { source, settings, http, known: Mutex::default() })
    }

    /// The adapter that need not be looked at again yet. A stale one is due at once for the first
    /// caller only; the others go on with it meanwhile.
    fn fresh(&self, id: ProviderId) -> Option<Adapter> {
        let mut known = self.lock();
        let entry = known.get_mut(&id)?;
        if entry.checked_at.elapsed() < FRESH {
            return Some(Arc::clone(&entry.adapter));
        }
        entry.checked_at = Instant::now();
        None
    }

    fn remember(&self, access: ProviderAccess) -> Result<Adapter, StoreError> {
        let mut known = self.lock();
        let checked_at = Instant::now();
        if let Some(entry) = known.get_mut(&access.record.id)
            && same_provider(&entry.built_from, &access)
        {
            entry.checked_at = checked_at;
            return Ok(Arc::clone(&entry.adapter));
        }
        let adapter = Arc::new(self.build(&access)?);
        let entry = Known { adapter: Arc::clone(&adapter), built_from: access, checked_at };
        known.insert(entry.built_from.record.id, entry);
        Ok(adapter)
    }

    /// So that the next caller looks again.
    fn doubt(&self, id: ProviderId) {
        if let Some(entry) = self.lock().get_mut(&id)
            && let Some(earlier) = Instant::now().checked_sub(FRESH)
        {
            entry.checked_at = earlier;
        }
    }

    fn build(&self, access: &ProviderAccess) -> Result<Guarded<SmsActivate>, StoreError> {
        let record = &access.record;
        let Protocol::SmsActivate = record.protocol else {
            let name = record.protocol.as_str();
            return Err(StoreError::Corrupt(format!("provider {}: protocol {name}", record.id)));
        };
        let endpoint = Endpoint::parse(&record.base_url).map_err(|error| {
            StoreError::Corrupt(format!("provider {}: base_url is {error}", record.id))
        })?;
        let client = Client::new(self.http.clone(), endpoint, access.api_key.clone());
        let adapter = SmsActivate::new(client, self.settings.timeout);
        let guard = GuardSettings {
            deadline: self.settings.timeout,
            catalog_deadline: self.settings.timeout * CATALOG_DEADLINES,
            max_in_flight: self.settings.max_in_flight,
            breaker: self.settings.breaker,
        };
        Ok(Guarded::new(adapter, &record.code, guard))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ProviderId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ProviderRegistry for Registry {
    async fn get(&self, id: ProviderId) -> Result<Option<Arc<dyn NumberProvider>>, StoreError> {
        if id == test_mode::PROVIDER {
            return Ok(Some(Arc::new(BuiltinTest)));
        }
        if let Some(adapter) = self.fresh(id) {
            return Ok(Some(adapter));
        }
        match self.source.access(id).await {
            Ok(Some(access)) => Ok(Some(self.remember(access)?)),
            Ok(None) => {
                self.lock().remove(&id);
                Ok(None)
            }
            Err(error) => {
                self.doubt(id);
                Err(error)
            }
        }
    }
}

/// Whether what we learned about a provider still holds.
fn same_provider(one: &ProviderAccess, other: &ProviderAccess) -> bool {
    one.record.protocol == other.record.protocol
        && one.record.base_url == other.record.base_url
        && one.record.code == other.record.code
        && one.api_key.expose_secret() == other.api_key.expose_secret()
}

#[cfg(test)]
mod tests;
