//! Providers, and what they have on sale.

use domain::{
    catalog::{CatalogQueries, Offer, Pricing, ProductFilter, ProductSort, SyncedCatalog},
    ids::{CatalogProductId, ProviderId},
    money::Cost,
    providers::{NewProvider, Protocol, ProviderCatalog, ProviderRecord},
    routing::Wanted,
};

use super::Backend;
use crate::{Outcome, offer, start_of_time};

const PRICING: Pricing = Pricing { idr_per_usd: 10_000, markup_basis_points: 0 };

pub(super) async fn add_provider<B: Backend>(store: &B, code: &str) -> Outcome<ProviderRecord> {
    let provider = NewProvider {
        code: code.to_owned(),
        protocol: Protocol::SmsActivate,
        base_url: format!("https://{code}.example/handler"),
        api_key: "key of the provider".to_owned(),
        priority: 10,
        trusts_callbacks: false,
    };
    let (record, _) = store.add(&provider).await?.ok_or("a provider with this name")?;
    Ok(record)
}

/// A list of a provider, priced, as the synchronisation would take it over.
pub(super) fn synced(provider: ProviderId, catalog: ProviderCatalog) -> SyncedCatalog {
    let prices = catalog.offers.iter().map(|offer| PRICING.price(offer.cost)).collect();
    SyncedCatalog { provider, catalog, prices, at: start_of_time(), pricing: PRICING, term: None }
}

/// Lets `provider` sell WhatsApp numbers of Indonesia, and finds the offer.
pub(super) async fn put_on_sale<B: Backend>(
    store: &B,
    provider: ProviderId,
    cost_micros: i64,
) -> Outcome<Offer> {
    let cost = Cost::from_micros(cost_micros).ok_or("a cost")?;
    store.take_over(&synced(provider, offer(cost, 100))).await?;
    let offers = everything(store).await?;
    Ok(offers.into_iter().find(|o| o.quote.provider == provider).ok_or("nothing is on sale")?)
}

/// Every offer of every umbrella that has products in stock.
pub(super) async fn everything<B: Backend>(store: &B) -> Outcome<Vec<Offer>> {
    let mut offers = Vec::new();
    for umbrella in umbrellas(store).await? {
        offers.extend(CatalogQueries::offers(store, &any_of(umbrella), 100).await?);
    }
    Ok(offers)
}

async fn umbrellas<B: Backend>(store: &B) -> Outcome<Vec<CatalogProductId>> {
    let filter = ProductFilter {
        country: None,
        service: None,
        carrier: None,
        limit: 10_000,
        page: 1,
        sort: ProductSort::PriceAsc,
    };
    let products = store.products(&filter).await?;
    let mut umbrellas: Vec<_> = products.iter().map(|product| product.catalog_product).collect();
    umbrellas.sort_unstable();
    umbrellas.dedup();
    Ok(umbrellas)
}

pub(super) const fn any_of(id: CatalogProductId) -> Wanted {
    Wanted::Catalog { id, min_price: None, max_price: None, carrier: None }
}
