//! What is on sale: countries, services, price tiers, and who sells them now.

mod ports;
pub mod pricing;
mod product;
pub mod sync;

pub use ports::{
    CatalogQueries, CatalogRepo, ProductFilter, ProductSort, SyncReport, SyncedCatalog,
};
pub use pricing::Pricing;
pub use product::{Country, Offer, Product, Service};
