use std::collections::HashSet;

use domain::{
    money::{Cost, Deposit},
    providers::{Listing, NumberProvider},
};
use serde_json::json;

use super::{market::Market, wanted};

#[tokio::test]
async fn the_catalog_is_complete() {
    let market = Market::open().await;
    let catalog = market.provider().catalog().await.unwrap();
    assert_eq!(catalog.countries.len(), 8);
    assert_eq!(catalog.services.len(), 6);
    assert_eq!(catalog.offers.len(), 48);
    let germany = catalog.countries.iter().find(|it| it.external_code == "43").unwrap();
    assert_eq!(germany.name, "Germany");
    assert_eq!(germany.iso_code.as_deref(), Some("DE"));
    assert_eq!(germany.dial_code.as_deref(), Some("+49"));
    let prices = (Cost::parse("0.20").unwrap(), Cost::parse("0.90").unwrap());
    assert!(catalog.offers.iter().all(|it| it.cost >= prices.0 && it.cost <= prices.1));
}

#[tokio::test]
async fn what_is_sold_out_is_not_listed() {
    let market = Market::open().await;
    market.control("providers/alpha", json!({"stock": 0})).await;
    assert_eq!(market.provider().catalog().await.unwrap().offers, []);
}

#[tokio::test]
async fn the_balance_is_what_is_left() {
    let market = Market::open().await;
    market.control("providers/alpha", json!({"balance_usd": "12.34"})).await;
    assert_eq!(market.provider().balance().await, Ok(Deposit::parse("12.34").unwrap()));
}

#[tokio::test]
async fn running_numbers_are_listed_until_they_end() {
    let market = Market::open().await;
    let provider = market.provider();
    assert_eq!(provider.active().await, Ok(Listing::Complete(vec![])));
    let sold = provider.acquire(&wanted("wa", "6", "5")).await.unwrap();
    let Ok(Listing::Complete(list)) = provider.active().await else { panic!("no list") };
    let [row] = list.as_slice() else { panic!("{list:?}") };
    assert_eq!(row.activation, sold);
    assert_eq!((row.service.as_str(), row.country.as_deref()), ("wa", Some("6")));
    market.advance(1201).await;
    assert_eq!(provider.active().await, Ok(Listing::Complete(vec![])));
}

#[tokio::test]
async fn a_list_of_several_pages_is_read_to_its_end() {
    let market = Market::open().await;
    let provider = market.provider();
    let mut sold = HashSet::new();
    for _ in 0..230 {
        sold.insert(provider.acquire(&wanted("wa", "6", "5")).await.unwrap().external_id);
    }
    let Ok(Listing::Complete(list)) = provider.active().await else { panic!("no list") };
    assert_eq!(list.len(), 230);
    let listed: HashSet<_> = list.into_iter().map(|row| row.activation.external_id).collect();
    assert_eq!(listed, sold);
    assert_eq!(market.calls("getActiveActivations").await, 3);
}
