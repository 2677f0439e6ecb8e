//! What is on sale.

use domain::{
    catalog::{Offer, Product, ProductFilter, ProductSort},
    ids::{CarrierId, CountryId, ProductId, ServiceId},
    money::Cost,
    providers::{ListedCountry, ListedOffer, ListedService, ProviderCatalog},
    routing::Wanted,
};

use super::{
    Backend,
    shelf::{add_provider, any_of, everything, put_on_sale, synced},
    stage::amount,
};
use crate::Outcome;

const ALL: ProductFilter = ProductFilter {
    country: None,
    service: None,
    carrier: None,
    limit: 100,
    page: 1,
    sort: ProductSort::PriceAsc,
};

/// Two countries × two services: `wa` and `tg` in Indonesia, `wa` in Vietnam.
fn world() -> Outcome<ProviderCatalog> {
    let country = |code: &str, iso: &str, name: &str| ListedCountry {
        external_code: code.to_owned(),
        iso_code: Some(iso.to_owned()),
        name: name.to_owned(),
        dial_code: None,
    };
    let service = |code: &str, name: &str| ListedService {
        external_code: code.to_owned(),
        name: name.to_owned(),
    };
    let offer = |country: &str, service: &str, micros, stock| -> Outcome<ListedOffer> {
        let cost = Cost::from_micros(micros).ok_or("a cost")?;
        Ok(ListedOffer { country: country.to_owned(), service: service.to_owned(), cost, stock })
    };
    Ok(ProviderCatalog {
        countries: vec![country("6", "ID", "Indonesia"), country("10", "VN", "Vietnam")],
        services: vec![service("wa", "WhatsApp"), service("tg", "Telegram")],
        offers: vec![
            offer("6", "wa", 3_000, 5)?,
            offer("6", "tg", 1_000, 7)?,
            offer("10", "wa", 2_000, 6)?,
            offer("10", "tg", 9_000, 0)?,
        ],
    })
}

async fn prices<B: Backend>(store: &B, filter: ProductFilter) -> Outcome<Vec<i64>> {
    Ok(store.products(&filter).await?.iter().map(|product| product.price.get()).collect())
}

/// Countries, services, umbrellas and slots appear; what is out of stock is not shown.
pub async fn puts_a_list_on_sale<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    let report = store.take_over(&synced(provider, world()?)).await?;
    assert_eq!((report.offers, report.withdrawn), (3, 0));
    let countries = store.countries().await?;
    let named: Vec<_> =
        countries.iter().map(|c| (c.code.as_deref(), c.name.as_str(), c.active)).collect();
    let expected = [(Some("ID"), "Indonesia", true), (Some("VN"), "Vietnam", true)];
    assert_eq!(named, expected);
    let services = store.services(None).await?;
    let named: Vec<_> = services.iter().map(|s| (s.code.as_str(), s.name.as_str())).collect();
    assert_eq!(named, [("tg", "Telegram"), ("wa", "WhatsApp")]);
    let products = store.products(&ALL).await?;
    let shown: Vec<_> = products.iter().map(|p| (p.price.get(), p.available)).collect();
    assert_eq!(shown, [(10, 7), (20, 6), (30, 5)]);
    assert!(products.iter().all(|p| p.carrier.is_none() && p.carrier_name.is_none()));
    Ok(())
}

async fn only_product<B: Backend>(store: &B) -> Outcome<Product> {
    let products = store.products(&ALL).await?;
    let [product]: [Product; 1] = products.try_into().map_err(|_| "one product")?;
    Ok(product)
}

/// Price and stock move, the product's id stays, and so does what it stands for.
pub async fn keeps_the_slot_while_the_price_moves<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    put_on_sale(store, provider, 3_000).await?;
    let before = only_product(store).await?;
    let offer = put_on_sale(store, provider, 4_000).await?;
    let after = only_product(store).await?;
    assert_eq!(after, Product { price: amount(40)?, ..before });
    assert_eq!((offer.product, offer.price.get()), (after.id, 40));
    assert_eq!(offer.quote.cost.micros(), 4_000);
    Ok(())
}

/// Two providers of the same thing sell under one umbrella.
pub async fn keeps_the_umbrella_of_two_providers<B: Backend>(store: &B) -> Outcome {
    let mut umbrellas = Vec::new();
    for code in ["first", "second"] {
        let provider = add_provider(store, code).await?.id;
        umbrellas.push(put_on_sale(store, provider, 3_000).await?.catalog_product);
    }
    umbrellas.dedup();
    assert_eq!(umbrellas.len(), 1);
    assert_eq!((store.countries().await?.len(), store.services(None).await?.len()), (1, 1));
    Ok(())
}

/// What a provider no longer lists goes out of stock, and comes back under its old id.
pub async fn withdraws_what_is_no_longer_listed<B: Backend>(store: &B) -> Outcome {
    let first = add_provider(store, "first").await?.id;
    let second = add_provider(store, "second").await?.id;
    let offer = put_on_sale(store, first, 3_000).await?;
    put_on_sale(store, second, 5_000).await?;
    let report = store.take_over(&synced(first, ProviderCatalog::default())).await?;
    assert_eq!((report.offers, report.withdrawn), (0, 1));
    let left = everything(store).await?;
    assert!(left.iter().all(|offer| offer.quote.provider == second) && left.len() == 1);
    let report = store.take_over(&synced(first, ProviderCatalog::default())).await?;
    assert_eq!((report.offers, report.withdrawn), (0, 0));
    assert_eq!(put_on_sale(store, first, 3_000).await?.product, offer.product);
    Ok(())
}

/// A cost that has no price of ours is not sold.
pub async fn skips_offers_without_a_price<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    let mut listed = synced(provider, world()?);
    listed.prices = vec![None, Some(amount(77)?), None, None];
    let report = store.take_over(&listed).await?;
    assert_eq!(report.offers, 1);
    assert_eq!(prices(store, ALL).await?, [77]);
    Ok(())
}

/// Nothing of a disabled provider is shown or offered, until it is enabled again.
pub async fn hides_a_disabled_provider<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    let offer = put_on_sale(store, provider, 3_000).await?;
    let wanted = any_of(offer.catalog_product);
    store.set_enabled("first", false).await?;
    assert_eq!(store.products(&ALL).await?, []);
    assert_eq!(store.offers(&wanted, 5).await?, []);
    assert_eq!(store.services(Some(only_country(store).await?)).await?, []);
    store.set_enabled("first", true).await?;
    assert_eq!(store.offers(&wanted, 5).await?, [offer]);
    Ok(())
}

async fn only_country<B: Backend>(store: &B) -> Outcome<CountryId> {
    Ok(store.countries().await?.first().ok_or("a country")?.id)
}

/// Offers come cheapest first, at most as many as asked for, each with what to ask of whom.
pub async fn offers_the_cheapest_first<B: Backend>(store: &B) -> Outcome {
    let mut umbrella = None;
    for (code, micros) in [("middle", 4_000), ("dear", 5_000), ("cheap", 3_000)] {
        let provider = add_provider(store, code).await?.id;
        umbrella = Some(put_on_sale(store, provider, micros).await?.catalog_product);
    }
    let wanted = any_of(umbrella.ok_or("three offers")?);
    let codes = |offers: &[Offer]| -> Vec<String> {
        offers.iter().map(|offer| offer.provider_code.clone()).collect()
    };
    let offers = store.offers(&wanted, 5).await?;
    assert_eq!(codes(&offers), ["cheap", "middle", "dear"]);
    assert_eq!(codes(&store.offers(&wanted, 2).await?), ["cheap", "middle"]);
    let cheapest = offers.first().ok_or("three offers")?;
    assert_eq!((cheapest.quote.service.as_str(), cheapest.quote.country.as_str()), ("wa", "6"));
    assert_eq!((cheapest.price.get(), cheapest.quote.cost.micros()), (30, 3_000));
    assert_eq!((cheapest.priority, cheapest.success_per_mille), (10, 500));
    Ok(())
}

/// An exact product, an umbrella, price limits and a mobile network each narrow the offers.
pub async fn offers_only_what_is_wanted<B: Backend>(store: &B) -> Outcome {
    let (first, second) =
        (add_provider(store, "first").await?.id, add_provider(store, "second").await?.id);
    store.take_over(&synced(first, world()?)).await?;
    let dear = put_on_sale(store, second, 5_000).await?;
    let umbrella = dear.catalog_product;
    let offered = async |wanted: Wanted| -> Outcome<Vec<i64>> {
        Ok(store.offers(&wanted, 5).await?.iter().map(|offer| offer.price.get()).collect())
    };
    let limited = |least: Option<i64>, most: Option<i64>| -> Outcome<Wanted> {
        Ok(Wanted::Catalog {
            id: umbrella,
            min_price: least.map(amount).transpose()?,
            max_price: most.map(amount).transpose()?,
            carrier: None,
        })
    };
    assert_eq!(offered(any_of(umbrella)).await?, [30, 50]);
    assert_eq!(offered(limited(Some(31), None)?).await?, [50]);
    assert_eq!(offered(limited(None, Some(49))?).await?, [30]);
    assert_eq!(offered(limited(Some(30), Some(50))?).await?, [30, 50]);
    assert_eq!(offered(limited(Some(31), Some(49))?).await?, [0; 0]);
    let exact = store.offers(&Wanted::Product(dear.product), 5).await?;
    assert!(exact.contains(&dear));
    assert!(exact.iter().all(|offer| offer.product == dear.product));
    assert_eq!(offered(Wanted::Product(ProductId::new(4_711))).await?, [0; 0]);
    let carrier = Some(CarrierId::new(4_711));
    let network = Wanted::Catalog { id: umbrella, min_price: None, max_price: None, carrier };
    assert_eq!(offered(network).await?, [0; 0]);
    Ok(())
}

/// Products are sorted as asked, and pages follow each other without gap or overlap.
pub async fn sorts_and_pages_products<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    store.take_over(&synced(provider, world()?)).await?;
    for (sort, expected) in [
        (ProductSort::PriceAsc, [10, 20, 30]),
        (ProductSort::PriceDesc, [30, 20, 10]),
        (ProductSort::AvailableAsc, [30, 20, 10]),
        (ProductSort::AvailableDesc, [10, 20, 30]),
    ] {
        assert_eq!(prices(store, ProductFilter { sort, ..ALL }).await?, expected, "{sort:?}");
    }
    let page = |page| ProductFilter { limit: 2, page, ..ALL };
    assert_eq!(prices(store, page(1)).await?, [10, 20]);
    assert_eq!(prices(store, page(2)).await?, [30]);
    assert_eq!(prices(store, page(3)).await?, [0; 0]);
    let named = async |sort| -> Outcome<Vec<String>> {
        let products = store.products(&ProductFilter { sort, ..ALL }).await?;
        Ok(products.into_iter().map(|product| product.name).collect())
    };
    let ascending = named(ProductSort::NameAsc).await?;
    let mut descending = named(ProductSort::NameDesc).await?;
    assert!(ascending.is_sorted());
    descending.reverse();
    assert_eq!(ascending, descending);
    Ok(())
}

/// Filters by country and service leave what is in stock there.
pub async fn shows_services_in_stock_of_a_country<B: Backend>(store: &B) -> Outcome {
    let provider = add_provider(store, "first").await?.id;
    store.take_over(&synced(provider, world()?)).await?;
    let countries = store.countries().await?;
    let [indonesia, vietnam] = [0, 1].map(|index: usize| countries.get(index).map(|c| c.id));
    let codes = async |country: Option<CountryId>| -> Outcome<Vec<String>> {
        Ok(store.services(country).await?.into_iter().map(|service| service.code).collect())
    };
    assert_eq!(codes(indonesia).await?, ["tg", "wa"]);
    assert_eq!(codes(vietnam).await?, ["wa"]);
    assert_eq!(prices(store, ProductFilter { country: vietnam, ..ALL }).await?, [20]);
    let services = store.services(None).await?;
    let telegram = services.iter().find(|service| service.code == "tg").map(|service| service.id);
    assert_eq!(prices(store, ProductFilter { service: telegram, ..ALL }).await?, [10]);
    let nothing = ProductFilter { service: Some(ServiceId::new(4_711)), ..ALL };
    assert_eq!(prices(store, nothing).await?, [0; 0]);
    let network = ProductFilter { carrier: Some(CarrierId::new(4_711)), ..ALL };
    assert_eq!(prices(store, network).await?, [0; 0]);
    Ok(())
}
