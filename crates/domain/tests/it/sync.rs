//! Taking over what providers have on sale.

use domain::{
    catalog::{CatalogQueries, ProductFilter, ProductSort},
    fault::{Code, Fault},
    money::Cost,
    providers::{ProviderCatalog, ProviderDirectory, ProviderError},
    rates::{IdrPerUsd, RateBook},
    time::Clock,
};
use testkit::{Blow, Market, Moment, Outcome, offer};

const ALL: ProductFilter = ProductFilter {
    country: None,
    service: None,
    carrier: None,
    limit: 100,
    page: 1,
    sort: ProductSort::PriceAsc,
};

async fn prices(market: &Market) -> Outcome<Vec<i64>> {
    let products = market.store.products(&ALL).await?;
    Ok(products.iter().map(|product| product.price.get()).collect())
}

fn cost(micros: i64) -> Outcome<Cost> {
    Ok(Cost::from_micros(micros).ok_or("a cost")?)
}

#[tokio::test]
async fn takes_over_prices_and_stock() -> Outcome {
    let market = Market::new().await?;
    assert_eq!(prices(&market).await?, [30, 50]);
    let before = market.store.products(&ALL).await?;
    market.cheap.adapter.stocks(offer(cost(3_501)?, 7));
    let results = market.sync_catalog().run_once(None).await?;
    let reports: Vec<_> = results.iter().filter_map(|r| r.outcome.as_ref().ok()).collect();
    assert_eq!(reports.iter().map(|report| report.offers).collect::<Vec<_>>(), [1, 1]);
    let after = market.store.products(&ALL).await?;
    assert_eq!((after[0].price.get(), after[0].available), (36, 7));
    assert_eq!(after[0].id, before[0].id);
    Ok(())
}

#[tokio::test]
async fn prices_follow_the_dollar() -> Outcome {
    let market = Market::new().await?;
    let before = market.store.products(&ALL).await?;
    let dearer = IdrPerUsd::new(11_000).ok_or("a believable rate")?;
    market.store.remember_rate(dearer, market.clock.now()).await?;
    market.sync_catalog().run_once(None).await?;
    let after = market.store.products(&ALL).await?;
    let shown: Vec<_> = after.iter().map(|tier| (tier.id, tier.price.get())).collect();
    assert_eq!(shown, [(before[0].id, 33), (before[1].id, 55)]);
    // Nobody knows any better: the operator's rate counts again.
    market.clock.advance_seconds(25 * 3_600);
    market.sync_catalog().run_once(None).await?;
    assert_eq!(prices(&market).await?, [30, 50]);
    Ok(())
}

#[tokio::test]
async fn withdraws_what_is_gone() -> Outcome {
    let market = Market::new().await?;
    market.cheap.adapter.stocks(ProviderCatalog::default());
    let results = market.sync_catalog().run_once(None).await?;
    assert_eq!(results[0].outcome.as_ref().map(|report| report.withdrawn).ok(), Some(1));
    assert_eq!(prices(&market).await?, [50]);
    Ok(())
}

#[tokio::test]
async fn a_silent_provider_keeps_its_offers_and_holds_up_nobody() -> Outcome {
    let market = Market::new().await?;
    market.cheap.adapter.then_catalog_fails(ProviderError::Unavailable("timeout"));
    market.dear.adapter.stocks(offer(cost(6_000)?, 1));
    let results = market.sync_catalog().run_once(None).await?;
    let failed = results[0].outcome.as_ref().unwrap_err();
    assert_eq!(failed.code(), Code::ProviderError);
    assert!(results[1].outcome.is_ok());
    assert_eq!(prices(&market).await?, [30, 60]);
    Ok(())
}

#[tokio::test]
async fn asks_enabled_providers_only() -> Outcome {
    let market = Market::new().await?;
    market.store.set_enabled("cheap", false).await?;
    let results = market.sync_catalog().run_once(None).await?;
    let codes: Vec<_> = results.iter().map(|result| result.provider.code.as_str()).collect();
    assert_eq!(codes, ["dear"]);
    Ok(())
}

#[tokio::test]
async fn tells_a_provider_that_is_gone_from_storage_that_fails() -> Outcome {
    let market = Market::new().await?;
    market.registry.remove(market.cheap.id);
    market.chaos.strike_next("take_over", Moment::Before, Blow::Fail);
    let results = market.sync_catalog().run_once(None).await?;
    let codes: Vec<_> =
        results.iter().map(|result| result.outcome.as_ref().unwrap_err().code()).collect();
    assert_eq!(codes, [Code::NotFound, Code::ServiceUnavailable]);
    assert_eq!(prices(&market).await?, [30, 50]);
    market.chaos.strike_next("list_providers", Moment::Before, Blow::Fail);
    assert!(market.sync_catalog().run_once(None).await.is_err());
    Ok(())
}
