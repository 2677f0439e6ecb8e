//! Test mode: a market in which nothing is real, for customers' own automatic tests.
//!
//! Orders of a test account are paid in money of no value and bought from a provider that is built
//! in. What a product does is in its name, and its number never changes. The migrations store the
//! same rows, because orders refer to them.

use async_trait::async_trait;

use crate::{
    catalog::{CatalogQueries, Country, Offer, Product, ProductFilter, ProductSort, Service},
    ids::{CatalogProductId, CountryId, ProductId, ProviderId, ServiceId},
    money::{Amount, Cost, Currency},
    orders::Quote,
    routing::Wanted,
    store::StoreError,
};

/// The provider of test accounts.
pub const PROVIDER: ProviderId = ProviderId::new(0);
/// What a new test account holds.
pub const GRANT: i64 = 100_000_000;
/// What every test product costs.
const PRICE: i64 = 1_000;
/// The only country, and what the numbers of its services and products count from.
const FIRST: i64 = 900_000_000;
/// How many seem to be there.
const STOCK: i64 = 1_000;

/// What an order from this provider is paid in.
pub const fn currency(provider: ProviderId) -> Currency {
    if provider.get() == PROVIDER.get() { Currency::Xts } else { Currency::Idr }
}

/// What happens to an order of a test product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Its code is there at once.
    Code,
    /// Its code comes after ten seconds.
    Late,
    /// No code ever comes.
    Never,
    /// A second code comes some time after the first.
    Twice,
    /// It is sold out when somebody buys it.
    NoStock,
    /// Its provider fails.
    Fault,
}

impl Scenario {
    /// All there are; the place counts, because numbers are made of it.
    pub const ALL: [Self; 6] =
        [Self::Code, Self::Late, Self::Never, Self::Twice, Self::NoStock, Self::Fault];

    /// The service's short code, which is also what its provider is asked for.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Code => "test_code",
            Self::Late => "test_late",
            Self::Never => "test_never",
            Self::Twice => "test_twice",
            Self::NoStock => "test_no_stock",
            Self::Fault => "test_error",
        }
    }

    /// Reads a short code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.code() == code)
    }

    /// Seconds after the purchase at which codes come.
    pub const fn codes_after(self) -> &'static [i64] {
        match self {
            Self::Code => &[0],
            Self::Late => &[10],
            Self::Twice => &[0, 20],
            Self::Never | Self::NoStock | Self::Fault => &[],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Code => "Test: code at once",
            Self::Late => "Test: code after ten seconds",
            Self::Never => "Test: no code",
            Self::Twice => "Test: two codes",
            Self::NoStock => "Test: out of stock",
            Self::Fault => "Test: provider error",
        }
    }

    /// The number of its service, its product and the umbrella of that.
    fn number(self) -> i64 {
        let place = Self::ALL.into_iter().position(|scenario| scenario == self);
        FIRST.saturating_add(1).saturating_add(place.and_then(|it| it.try_into().ok()).unwrap_or(0))
    }
}

/// What is on sale for test accounts, always.
#[derive(Debug, Clone, Copy, Default)]
pub struct TestCatalog;

#[async_trait]
impl CatalogQueries for TestCatalog {
    async fn countries(&self) -> Result<Vec<Country>, StoreError> {
        Ok(vec![Country {
            id: CountryId::new(FIRST),
            code: None,
            name: "Testland".to_owned(),
            dial_code: Some("+999".to_owned()),
            emoji: None,
            active: true,
        }])
    }

    async fn services(&self, country: Option<CountryId>) -> Result<Vec<Service>, StoreError> {
        let is_ours = country.is_none_or(|country| country.get() == FIRST);
        let all = Scenario::ALL.into_iter().filter(|_| is_ours);
        Ok(all
            .map(|scenario| Service {
                id: ServiceId::new(scenario.number()),
                code: scenario.code().to_owned(),
                name: scenario.name().to_owned(),
                active: true,
            })
            .collect())
    }

    async fn products(&self, filter: &ProductFilter) -> Result<Vec<Product>, StoreError> {
        let fits = |scenario: &Scenario| {
            filter.country.is_none_or(|country| country.get() == FIRST)
                && filter.service.is_none_or(|service| service.get() == scenario.number())
                && filter.carrier.is_none()
        };
        let mut found = Vec::new();
        for scenario in Scenario::ALL.into_iter().filter(fits) {
            found.push(Product {
                id: ProductId::new(scenario.number()),
                name: format!("{} - Testland", scenario.name()),
                country: CountryId::new(FIRST),
                service: ServiceId::new(scenario.number()),
                available: STOCK,
                price: price()?,
                catalog_product: CatalogProductId::new(scenario.number()),
                carrier: None,
                carrier_name: None,
            });
        }
        match filter.sort {
            ProductSort::NameAsc => found.sort_by(|one, two| one.name.cmp(&two.name)),
            ProductSort::NameDesc => found.sort_by(|one, two| two.name.cmp(&one.name)),
            _ => {}
        }
        let skipped = filter.page.saturating_sub(1).saturating_mul(filter.limit);
        Ok(found.into_iter().skip(skipped as usize).take(filter.limit as usize).collect())
    }

    async fn offers(&self, wanted: &Wanted, limit: u32) -> Result<Vec<Offer>, StoreError> {
        let price = price()?;
        let fits = |scenario: &Scenario| match *wanted {
            Wanted::Product(id) => id.get() == scenario.number(),
            Wanted::Catalog { id, min_price, max_price, carrier } => {
                id.get() == scenario.number()
                    && min_price.is_none_or(|least| least <= price)
                    && max_price.is_none_or(|most| price <= most)
                    && carrier.is_none()
            }
        };
        let found = Scenario::ALL.into_iter().filter(fits).take(limit as usize);
        found.map(|scenario| offer(scenario, price)).collect()
    }
}

fn offer(scenario: Scenario, price: Amount) -> Result<Offer, StoreError> {
    Ok(Offer {
        product: ProductId::new(scenario.number()),
        catalog_product: CatalogProductId::new(scenario.number()),
        carrier: None,
        carrier_name: None,
        price,
        quote: Quote {
            provider: PROVIDER,
            service: scenario.code().to_owned(),
            country: "test".to_owned(),
            cost: Cost::from_micros(0).ok_or_else(impossible)?,
            again: None,
        },
        provider_code: "test".to_owned(),
        priority: 0,
        success_per_mille: 1_000,
    })
}

fn price() -> Result<Amount, StoreError> {
    Amount::new(PRICE).ok_or_else(impossible)
}

fn impossible() -> StoreError {
    StoreError::Corrupt("the catalog of test mode".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_name_one_scenario_each() {
        for (scenario, number) in Scenario::ALL.into_iter().zip(900_000_001..) {
            assert_eq!(scenario.number(), number);
            assert_eq!(Scenario::parse(scenario.code()), Some(scenario));
        }
        assert_eq!(Scenario::parse("wa"), None);
    }

    #[test]
    fn only_the_provider_of_test_mode_is_paid_in_test_money() {
        assert_eq!(currency(PROVIDER), Currency::Xts);
        assert_eq!(currency(ProviderId::new(1)), Currency::Idr);
    }
}
