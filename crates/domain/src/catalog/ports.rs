use async_trait::async_trait;

use super::{Country, Offer, Pricing, Product, Service};
use crate::{
    ids::{CarrierId, CountryId, ProviderId, ServiceId},
    money::Amount,
    providers::ProviderCatalog,
    routing::Wanted,
    store::StoreError,
    tasks::Term,
    time::Timestamp,
};

/// Reading the catalog.
#[async_trait]
pub trait CatalogQueries: Send + Sync {
    /// Every country, by name.
    async fn countries(&self) -> Result<Vec<Country>, StoreError>;

    /// Every service by name; with a country, only those in stock there.
    async fn services(&self, country: Option<CountryId>) -> Result<Vec<Service>, StoreError>;

    /// Price tiers in stock of enabled providers.
    async fn products(&self, filter: &ProductFilter) -> Result<Vec<Product>, StoreError>;

    /// Offers in stock that fit what is wanted, cheapest first; at most as many as a purchase
    /// would ever ask.
    async fn offers(&self, wanted: &Wanted, limit: u32) -> Result<Vec<Offer>, StoreError>;
}

/// Which products to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductFilter {
    /// Only this country.
    pub country: Option<CountryId>,
    /// Only this service.
    pub service: Option<ServiceId>,
    /// Only this mobile network.
    pub carrier: Option<CarrierId>,
    /// 1 to 10 000.
    pub limit: u32,
    /// Counted from 1.
    pub page: u32,
    /// In which order.
    pub sort: ProductSort,
}

/// The orders in which products can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProductSort {
    /// Cheapest first.
    #[default]
    PriceAsc,
    /// Dearest first.
    PriceDesc,
    /// Least stock first.
    AvailableAsc,
    /// Most stock first.
    AvailableDesc,
    /// A to Z.
    NameAsc,
    /// Z to A.
    NameDesc,
}

impl ProductSort {
    /// Reads a parameter; what is not known falls back to the cheapest first.
    pub fn parse(text: &str) -> Self {
        match text {
            "price_desc" => Self::PriceDesc,
            "available_asc" => Self::AvailableAsc,
            "available_desc" => Self::AvailableDesc,
            "name_asc" => Self::NameAsc,
            "name_desc" => Self::NameDesc,
            _ => Self::PriceAsc,
        }
    }
}

/// Writing the catalog.
#[async_trait]
pub trait CatalogRepo: Send + Sync {
    /// Takes over everything one provider has on sale, in one transaction: new countries,
    /// services, umbrellas and slots appear, prices and stock move, what is gone has stock zero.
    /// Nothing of it when the term of the list is over.
    async fn take_over(&self, synced: &SyncedCatalog) -> Result<SyncReport, StoreError>;
}

/// A provider's list with our prices worked out.
#[derive(Debug, Clone)]
pub struct SyncedCatalog {
    /// Whose it is.
    pub provider: ProviderId,
    /// What it listed.
    pub catalog: ProviderCatalog,
    /// Our price of each offer, in the order of the list; nothing where it is out of range.
    pub prices: Vec<Option<Amount>>,
    /// When it was read.
    pub at: Timestamp,
    /// With what it was priced.
    pub pricing: Pricing,
    /// On whose behalf; once the term is over, the list is refused. Nothing for an operator.
    pub term: Option<Term>,
}

/// What a synchronisation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncReport {
    /// Offers in stock now.
    pub offers: i64,
    /// Offers that are gone and were set to zero.
    pub withdrawn: i64,
}
