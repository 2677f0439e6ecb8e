use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    catalog::{
        CatalogQueries, CatalogRepo, Country, Offer, Product, ProductFilter, ProductSort, Service,
        SyncReport, SyncedCatalog,
    },
    hooks::Places,
    ids::{CatalogProductId, CountryId, ProductId, ProviderId, ServiceId},
    money::Amount,
    orders::Quote,
    providers::ListedOffer,
    routing::Wanted,
    store::StoreError,
};

use super::{MemStore, state::State};

/// What is on sale. Each provider has one slot per country × service.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog {
    countries: Vec<Country>,
    services: Vec<Service>,
    umbrellas: Vec<(CountryId, ServiceId)>,
    slots: BTreeMap<(ProviderId, CatalogProductId), Slot>,
}

#[derive(Debug, Clone)]
struct Slot {
    product: ProductId,
    price: Amount,
    quote: Quote,
    stock: i64,
}

/// Success rate of an offer that nobody has measured.
const AVERAGE_PER_MILLE: i32 = 500;

fn position(index: usize) -> i64 {
    i64::try_from(index).map_or(i64::MAX, |index| index + 1)
}

/// The position of the item that fits; `add` makes it when there is none.
fn find_or_add<T>(items: &mut Vec<T>, fits: impl Fn(&T) -> bool, add: impl Fn(i64) -> T) -> i64 {
    if let Some(index) = items.iter().position(fits) {
        return position(index);
    }
    let id = position(items.len());
    items.push(add(id));
    id
}

impl Catalog {
    /// What every provider asks, whether in stock or not.
    pub(super) fn quotes(&self) -> impl Iterator<Item = &Quote> {
        self.slots.values().map(|slot| &slot.quote)
    }

    fn take_over(&mut self, synced: &SyncedCatalog) -> SyncReport {
        let before: Vec<_> = self.in_stock_of(synced.provider);
        for (key, slot) in &mut self.slots {
            if key.0 == synced.provider {
                slot.stock = 0;
            }
        }
        for (offer, price) in synced.catalog.offers.iter().zip(&synced.prices) {
            if let Some(price) = price {
                self.put(synced, offer, *price);
            }
        }
        let now = self.in_stock_of(synced.provider);
        let gone = before.iter().filter(|product| !now.contains(product)).count();
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        SyncReport { offers: number(now.len()), withdrawn: number(gone) }
    }

    fn in_stock_of(&self, provider: ProviderId) -> Vec<ProductId> {
        let slots =
            self.slots.iter().filter(|((owner, _), slot)| *owner == provider && slot.stock > 0);
        slots.map(|(_, slot)| slot.product).collect()
    }

    fn put(&mut self, synced: &SyncedCatalog, offer: &ListedOffer, price: Amount) {
        let umbrella = self.umbrella(synced, offer);
        let fresh = ProductId::new(position(self.slots.len()));
        let key = (synced.provider, umbrella);
        let product = self.slots.get(&key).map_or(fresh, |slot| slot.product);
        let quote = Quote {
            provider: synced.provider,
            service: offer.service.clone(),
            country: offer.country.clone(),
            cost: offer.cost,
            again: None,
        };
        self.slots.insert(key, Slot { product, price, quote, stock: offer.stock });
    }

    /// What the country and the service of an umbrella are called.
    pub(super) fn places(&self, umbrella: CatalogProductId) -> Option<Places> {
        let index = usize::try_from(umbrella.get() - 1).ok()?;
        let (country, service) = *self.umbrellas.get(index)?;
        let country = self.countries.iter().find(|it| it.id == country)?;
        let service = self.services.iter().find(|it| it.id == service)?;
        Some(Places { country: country.name.clone(), platform: service.name.clone() })
    }

    fn umbrella(&mut self, synced: &SyncedCatalog, offer: &ListedOffer) -> CatalogProductId {
        let listed = synced.catalog.countries.iter().find(|c| c.external_code == offer.country);
        let code = listed.and_then(|country| country.iso_code.clone());
        let name = listed.map_or_else(|| offer.country.clone(), |country| country.name.clone());
        let same = |known: &Country| match (&known.code, &code) {
            (None, None) => known.name == name,
            (known, code) => known == code,
        };
        let country = find_or_add(&mut self.countries, same, |id| Country {
            id: CountryId::new(id),
            code: code.clone(),
            name: name.clone(),
            dial_code: listed.and_then(|country| country.dial_code.clone()),
            emoji: None,
            active: true,
        });
        let listed = synced.catalog.services.iter().find(|s| s.external_code == offer.service);
        let same = |known: &Service| known.code == offer.service;
        let service = find_or_add(&mut self.services, same, |id| Service {
            id: ServiceId::new(id),
            code: offer.service.clone(),
            name: listed.map_or_else(|| offer.service.clone(), |service| service.name.clone()),
            active: true,
        });
        let pair = (CountryId::new(country), ServiceId::new(service));
        CatalogProductId::new(find_or_add(&mut self.umbrellas, |known| *known == pair, |_| pair))
    }

    fn pair(&self, umbrella: CatalogProductId) -> Option<(CountryId, ServiceId)> {
        let index = usize::try_from(umbrella.get()).ok()?.checked_sub(1)?;
        self.umbrellas.get(index).copied()
    }

    fn product(&self, umbrella: CatalogProductId, slot: &Slot) -> Option<Product> {
        let (country, service) = self.pair(umbrella)?;
        let country_name = &self.countries.iter().find(|known| known.id == country)?.name;
        let service_name = &self.services.iter().find(|known| known.id == service)?.name;
        Some(Product {
            id: slot.product,
            name: format!("{service_name} - {country_name}"),
            country,
            service,
            available: slot.stock,
            price: slot.price,
            catalog_product: umbrella,
            carrier: None,
            carrier_name: None,
        })
    }
}

/// The slots in stock of enabled providers.
fn on_sale(state: &State) -> impl Iterator<Item = (CatalogProductId, &Slot)> {
    let slots = state.catalog.slots.iter();
    slots
        .filter(|((provider, _), slot)| state.providers.is_enabled(*provider) && slot.stock > 0)
        .map(|((_, umbrella), slot)| (*umbrella, slot))
}

fn is_wanted(wanted: &Wanted, umbrella: CatalogProductId, slot: &Slot) -> bool {
    match *wanted {
        Wanted::Product(product) => slot.product == product,
        Wanted::Catalog { id, min_price, max_price, carrier } => {
            umbrella == id
                && carrier.is_none()
                && min_price.is_none_or(|least| slot.price >= least)
                && max_price.is_none_or(|most| slot.price <= most)
        }
    }
}

fn products(state: &State, filter: &ProductFilter) -> Vec<Product> {
    let catalog = &state.catalog;
    let mut products: Vec<_> = on_sale(state)
        .filter_map(|(umbrella, slot)| catalog.product(umbrella, slot))
        .filter(|product| filter.country.is_none_or(|country| country == product.country))
        .filter(|product| filter.service.is_none_or(|service| service == product.service))
        .filter(|product| filter.carrier.is_none_or(|carrier| Some(carrier) == product.carrier))
        .collect();
    products.sort_by(|a, b| {
        let sorted = match filter.sort {
            ProductSort::PriceAsc => a.price.cmp(&b.price),
            ProductSort::PriceDesc => b.price.cmp(&a.price),
            ProductSort::AvailableAsc => a.available.cmp(&b.available),
            ProductSort::AvailableDesc => b.available.cmp(&a.available),
            ProductSort::NameAsc => a.name.cmp(&b.name),
            ProductSort::NameDesc => b.name.cmp(&a.name),
        };
        sorted.then(a.id.cmp(&b.id))
    });
    let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let skipped = size(filter.page.saturating_sub(1)).saturating_mul(size(filter.limit));
    products.into_iter().skip(skipped).take(size(filter.limit)).collect()
}

fn offers(state: &State, wanted: &Wanted, limit: u32) -> Vec<Offer> {
    let fitting = on_sale(state).filter(|(umbrella, slot)| is_wanted(wanted, *umbrella, slot));
    let mut offers: Vec<_> = fitting
        .filter_map(|(umbrella, slot)| {
            let provider = state.providers.get(slot.quote.provider)?;
            Some(Offer {
                product: slot.product,
                catalog_product: umbrella,
                carrier: None,
                carrier_name: None,
                price: slot.price,
                quote: slot.quote.clone(),
                provider_code: provider.code.clone(),
                priority: provider.priority,
                success_per_mille: AVERAGE_PER_MILLE,
            })
        })
        .collect();
    offers.sort_by_key(|offer| (offer.price, offer.priority, offer.product));
    offers.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    offers
}

#[async_trait]
impl CatalogQueries for MemStore {
    async fn countries(&self) -> Result<Vec<Country>, StoreError> {
        self.read("countries", |state| {
            let mut countries = state.catalog.countries.clone();
            countries.sort_by(|a, b| a.name.cmp(&b.name));
            countries
        })
        .await
    }

    async fn services(&self, country: Option<CountryId>) -> Result<Vec<Service>, StoreError> {
        self.read("services", |state| {
            let in_stock = |service: ServiceId, country: CountryId| {
                on_sale(state).any(|(id, _)| state.catalog.pair(id) == Some((country, service)))
            };
            let services = state.catalog.services.iter();
            let mut services: Vec<_> = services
                .filter(|service| country.is_none_or(|country| in_stock(service.id, country)))
                .cloned()
                .collect();
            services.sort_by(|a, b| a.name.cmp(&b.name));
            services
        })
        .await
    }

    async fn products(&self, filter: &ProductFilter) -> Result<Vec<Product>, StoreError> {
        self.read("products", |state| products(state, filter)).await
    }

    async fn offers(&self, wanted: &Wanted, limit: u32) -> Result<Vec<Offer>, StoreError> {
        self.read("offers", |state| offers(state, wanted, limit)).await
    }
}

#[async_trait]
impl CatalogRepo for MemStore {
    async fn take_over(&self, synced: &SyncedCatalog) -> Result<SyncReport, StoreError> {
        self.write("take_over", |state| match &synced.term {
            Some(term) if !state.runs.holds(term) => Err(StoreError::Contention),
            _ => Ok(state.catalog.take_over(synced)),
        })
        .await
    }
}
