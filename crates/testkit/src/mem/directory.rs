use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{
    ids::ProviderId,
    providers::{NewProvider, ProviderDirectory, ProviderRecord},
    store::StoreError,
    time::Timestamp,
};

use super::{MemStore, state::next_id};

/// Providers as an operator set them up.
#[derive(Debug, Clone, Default)]
pub(super) struct Providers {
    records: BTreeMap<ProviderId, ProviderRecord>,
    sweep_at: BTreeMap<ProviderId, Timestamp>,
}

impl Providers {
    pub(super) fn get(&self, id: ProviderId) -> Option<&ProviderRecord> {
        self.records.get(&id)
    }

    /// Enabled providers whose time has come, each for the next time after `interval`.
    pub(super) fn due_sweeps(&mut self, now: Timestamp, interval: Duration) -> Vec<ProviderId> {
        let enabled = self.records.values().filter(|record| record.enabled);
        let due: Vec<_> = enabled
            .map(|record| record.id)
            .filter(|id| self.sweep_at.get(id).is_none_or(|at| *at <= now))
            .collect();
        self.sweep_at.extend(due.iter().map(|id| (*id, now + interval)));
        due
    }

    pub(super) fn codes(&self) -> impl Iterator<Item = (ProviderId, String)> {
        self.records.values().map(|record| (record.id, record.code.clone()))
    }

    pub(super) fn is_enabled(&self, id: ProviderId) -> bool {
        self.get(id).is_some_and(|record| record.enabled)
    }

    fn by_code(&mut self, code: &str) -> Option<&mut ProviderRecord> {
        self.records.values_mut().find(|record| record.code == code)
    }
}

/// Guessable, which a fake may be.
fn secret(id: ProviderId) -> String {
    format!("callback-secret-of-provider-{id}")
}

#[async_trait]
impl ProviderDirectory for MemStore {
    async fn add(
        &self,
        provider: &NewProvider,
    ) -> Result<Option<(ProviderRecord, String)>, StoreError> {
        self.write("add_provider", |state| {
            if state.providers.by_code(&provider.code).is_some() {
                return Ok(None);
            }
            let id = ProviderId::new(next_id(&state.providers.records, |id| id.get()));
            let record = ProviderRecord {
                id,
                code: provider.code.clone(),
                protocol: provider.protocol,
                base_url: provider.base_url.clone(),
                priority: provider.priority,
                enabled: true,
                trusts_callbacks: provider.trusts_callbacks,
            };
            state.providers.records.insert(id, record.clone());
            Ok(Some((record, secret(id))))
        })
        .await
    }

    async fn list(&self) -> Result<Vec<ProviderRecord>, StoreError> {
        self.read("list_providers", |state| {
            let mut records: Vec<_> = state.providers.records.values().cloned().collect();
            records.sort_by_key(|record| (record.priority, record.id));
            records
        })
        .await
    }

    async fn by_callback_secret(&self, text: &str) -> Result<Option<ProviderRecord>, StoreError> {
        self.read("by_callback_secret", |state| {
            state.providers.records.values().find(|record| secret(record.id) == text).cloned()
        })
        .await
    }

    async fn callback_secret(&self, id: ProviderId) -> Result<Option<String>, StoreError> {
        self.read("callback_secret", |state| state.providers.get(id).map(|r| secret(r.id))).await
    }

    async fn set_enabled(&self, code: &str, enabled: bool) -> Result<bool, StoreError> {
        self.write("set_enabled", |state| {
            let record = state.providers.by_code(code);
            Ok(record.map(|record| record.enabled = enabled).is_some())
        })
        .await
    }

    async fn set_url(&self, code: &str, base_url: &str) -> Result<bool, StoreError> {
        self.write("set_url", |state| {
            let record = state.providers.by_code(code);
            Ok(record.map(|record| base_url.clone_into(&mut record.base_url)).is_some())
        })
        .await
    }
}
