use crate::{
    ids::{CarrierId, CatalogProductId, CountryId, ProductId, ServiceId},
    money::Amount,
    orders::Quote,
};

/// A country numbers are sold for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country {
    /// Ours, independent of providers.
    pub id: CountryId,
    /// ISO 3166-1 alpha-2.
    pub code: Option<String>,
    /// English name.
    pub name: String,
    /// International dialling prefix with `+`.
    pub dial_code: Option<String>,
    /// Flag.
    pub emoji: Option<String>,
    /// Whether it is on sale.
    pub active: bool,
}

/// A service codes are received from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Ours, independent of providers.
    pub id: ServiceId,
    /// The field's short code, such as `wa`.
    pub code: String,
    /// English name.
    pub name: String,
    /// Whether it is on sale.
    pub active: bool,
}

/// A price tier as customers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its stable slot.
    pub id: ProductId,
    /// Service and country.
    pub name: String,
    /// For which country.
    pub country: CountryId,
    /// For which service.
    pub service: ServiceId,
    /// How many there are now.
    pub available: i64,
    /// What one costs.
    pub price: Amount,
    /// Its umbrella.
    pub catalog_product: CatalogProductId,
    /// The mobile network, for tiers of one network.
    pub carrier: Option<CarrierId>,
    /// That network's name.
    pub carrier_name: Option<String>,
}

/// What one provider sells for one tier now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The tier.
    pub product: ProductId,
    /// The tier's umbrella.
    pub catalog_product: CatalogProductId,
    /// The tier's mobile network.
    pub carrier: Option<CarrierId>,
    /// That network's name.
    pub carrier_name: Option<String>,
    /// What the customer pays.
    pub price: Amount,
    /// What to ask of whom.
    pub quote: Quote,
    /// The provider's short name.
    pub provider_code: String,
    /// The operator's order among equal prices; lower first.
    pub priority: i32,
    /// Delivered of a thousand recent orders; unknown counts as average.
    pub success_per_mille: i32,
}
