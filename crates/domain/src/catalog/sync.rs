//! Takes over what providers have on sale.

use std::sync::Arc;

use super::{CatalogRepo, Pricing, SyncReport, SyncedCatalog};
use crate::{
    fault::{Code, Fault},
    providers::{ProviderDirectory, ProviderError, ProviderRecord, ProviderRegistry},
    rates::ExchangeRate,
    store::StoreError,
    tasks::Term,
    time::Clock,
};

/// Rebuilds the catalog from the lists of all enabled providers.
///
/// A reconciler: it takes no input and may run twice, late, or on two machines at once. A provider
/// that does not answer keeps its last known offers.
#[derive(Clone)]
pub struct SyncCatalog {
    directory: Arc<dyn ProviderDirectory>,
    registry: Arc<dyn ProviderRegistry>,
    catalog: Arc<dyn CatalogRepo>,
    rate: Arc<dyn ExchangeRate>,
    clock: Arc<dyn Clock>,
    pricing: Pricing,
}

impl SyncCatalog {
    /// Wires the use case; the rate of `pricing` counts while `rate` has none.
    pub fn new(
        (directory, registry): (Arc<dyn ProviderDirectory>, Arc<dyn ProviderRegistry>),
        catalog: Arc<dyn CatalogRepo>,
        rate: Arc<dyn ExchangeRate>,
        clock: Arc<dyn Clock>,
        pricing: Pricing,
    ) -> Self {
        Self { directory, registry, catalog, rate, clock, pricing }
    }

    /// One pass over all enabled providers; each answers for itself. What comes after the end of
    /// `term` is refused.
    pub async fn run_once(&self, term: Option<&Term>) -> Result<Vec<ProviderSync>, StoreError> {
        let mut results = Vec::new();
        for provider in self.directory.list().await? {
            if provider.enabled {
                let outcome = self.sync(&provider, term).await;
                if let Err(error) = &outcome {
                    tracing::warn!(provider.code = %provider.code, %error, "catalog of provider {} not read", provider.code);
                }
                results.push(ProviderSync { provider, outcome });
            }
        }
        Ok(results)
    }

    async fn sync(
        &self,
        provider: &ProviderRecord,
        term: Option<&Term>,
    ) -> Result<SyncReport, SyncError> {
        let adapter = self.registry.get(provider.id).await?.ok_or(SyncError::Unknown)?;
        let catalog = adapter.catalog().await?;
        // Costs are in dollars, so prices follow the dollar.
        let pricing = self.pricing.at(self.rate.current().await?);
        let prices = catalog.offers.iter().map(|offer| pricing.price(offer.cost)).collect();
        let synced = SyncedCatalog {
            provider: provider.id,
            catalog,
            prices,
            at: self.clock.now(),
            pricing,
            term: term.cloned(),
        };
        Ok(self.catalog.take_over(&synced).await?)
    }
}

/// How one provider fared.
#[derive(Debug)]
pub struct ProviderSync {
    /// Which one.
    pub provider: ProviderRecord,
    /// What changed, or why nothing did.
    pub outcome: Result<SyncReport, SyncError>,
}

/// Why a provider's list was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// It vanished between listing and asking.
    #[error("the provider is gone")]
    Unknown,
    /// It gave no usable list.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SyncError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown => Code::NotFound,
            Self::Provider(_) => Code::ProviderError,
            Self::Store(error) => error.code(),
        }
    }
}
