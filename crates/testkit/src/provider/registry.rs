use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::{
    ids::ProviderId,
    providers::{NumberProvider, ProviderRegistry},
    store::StoreError,
};

use super::ScriptedProvider;
use crate::Chaos;

/// Knows the [`ScriptedProvider`]s of one test.
#[derive(Debug, Default)]
pub struct FakeRegistry {
    providers: Mutex<BTreeMap<ProviderId, Arc<ScriptedProvider>>>,
    chaos: Chaos,
}

impl FakeRegistry {
    /// Knows nobody yet; its calls may be disturbed by `chaos`.
    pub fn new(chaos: Chaos) -> Self {
        Self { providers: Mutex::default(), chaos }
    }

    /// Makes a provider known.
    pub fn insert(&self, id: ProviderId, provider: Arc<ScriptedProvider>) {
        self.providers.lock().unwrap_or_else(PoisonError::into_inner).insert(id, provider);
    }

    /// Forgets a provider, as when an operator deleted it.
    pub fn remove(&self, id: ProviderId) {
        self.providers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

#[async_trait]
impl ProviderRegistry for FakeRegistry {
    async fn get(&self, id: ProviderId) -> Result<Option<Arc<dyn NumberProvider>>, StoreError> {
        let call = self.chaos.before("registry").await?;
        let found = {
            let providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
            providers.get(&id).map(|known| Arc::clone(known) as Arc<dyn NumberProvider>)
        };
        self.chaos.after(call).await?;
        Ok(found)
    }
}
