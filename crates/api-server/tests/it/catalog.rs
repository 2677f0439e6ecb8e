use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::http::StatusCode;
use domain::{
    catalog::{CatalogQueries, Country, Offer, Product, ProductFilter, ProductSort, Service},
    ids::{CarrierId, CatalogProductId, CountryId, ProductId, ServiceId},
    money::Amount,
    routing::Wanted,
    store::StoreError,
};

use crate::support::Api;

async fn body(path: &str) -> String {
    let answer = Api::new().await.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn shows_the_balance_in_whole_rupiah() {
    let expected = r#"{"success":true,"data":{"currency":"IDR","balance":1000}}"#;
    assert_eq!(body("/v1/balance").await, expected);
}

/// A catalog with everything in it that can be shown, and things that lack what can be missing.
#[derive(Default)]
struct Shelf {
    asked: Mutex<Vec<ProductFilter>>,
}

#[async_trait]
impl CatalogQueries for Shelf {
    async fn countries(&self) -> Result<Vec<Country>, StoreError> {
        let known = Country {
            id: CountryId::new(7),
            code: Some("ID".to_owned()),
            name: "Indonesia".to_owned(),
            dial_code: Some("+62".to_owned()),
            emoji: Some("🇮🇩".to_owned()),
            active: true,
        };
        let (id, name) = (CountryId::new(8), "Atlantis".to_owned());
        let lost = Country { id, code: None, name, dial_code: None, emoji: None, active: false };
        Ok(vec![known, lost])
    }

    async fn services(&self, country: Option<CountryId>) -> Result<Vec<Service>, StoreError> {
        let service = |id, code: &str, name: &str| Service {
            id: ServiceId::new(id),
            code: code.to_owned(),
            name: name.to_owned(),
            active: true,
        };
        let mut services = vec![service(1, "wa", "WhatsApp")];
        services.extend(country.is_none().then(|| service(2, "tg", "Telegram")));
        Ok(services)
    }

    async fn products(&self, filter: &ProductFilter) -> Result<Vec<Product>, StoreError> {
        self.asked.lock().unwrap().push(*filter);
        let tier = |id, carrier: Option<i64>| Product {
            id: ProductId::new(id),
            name: "WhatsApp - Indonesia".to_owned(),
            country: CountryId::new(7),
            service: ServiceId::new(1),
            available: 42,
            price: Amount::new(139).unwrap(),
            catalog_product: CatalogProductId::new(88),
            carrier: carrier.map(CarrierId::new),
            carrier_name: carrier.map(|_| "Telkomsel".to_owned()),
        };
        let mut tiers = vec![tier(10, Some(42))];
        tiers.extend((filter.country != Some(CountryId::new(9))).then(|| tier(11, None)));
        Ok(tiers)
    }

    async fn offers(&self, _: &Wanted, _: u32) -> Result<Vec<Offer>, StoreError> {
        Ok(Vec::new())
    }
}

async fn shelf() -> (Api, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let api = Api::with(|parts, _| parts.catalog = shelf.clone()).await;
    (api, shelf)
}

#[tokio::test]
async fn lists_countries() {
    let (api, _) = shelf().await;
    let expected = r#"{"success":true,"data":[{"id":7,"code":"ID","name":"Indonesia","dial_code":"+62","emoji":"🇮🇩","active":true},{"id":8,"code":null,"name":"Atlantis","dial_code":null,"emoji":null,"active":false}]}"#;
    assert_eq!(api.get("/v1/catalog/countries").await.body, expected);
}

#[tokio::test]
async fn lists_services_of_the_world_or_of_one_country() {
    let (api, _) = shelf().await;
    let (whatsapp, telegram) = (
        r#"{"id":1,"code":"wa","name":"WhatsApp","active":true}"#,
        r#"{"id":2,"code":"tg","name":"Telegram","active":true}"#,
    );
    let path = "/v1/catalog/services";
    let all = format!(r#"{{"success":true,"data":[{whatsapp},{telegram}]}}"#);
    assert_eq!(api.get(path).await.body, all);
    let one = format!(r#"{{"success":true,"data":[{whatsapp}]}}"#);
    assert_eq!(api.get(&format!("{path}?country_id=7")).await.body, one);
}

#[tokio::test]
async fn lists_price_tiers_with_the_page_they_are_on() {
    let (api, shelf) = shelf().await;
    let answer = api.get("/v1/catalog/products").await;
    let expected = r#"{"success":true,"data":[{"id":10,"name":"WhatsApp - Indonesia","country_id":7,"platform_id":1,"available":42,"price":139,"active":true,"catalog_product_id":88,"operator_id":42,"operator_name":"Telkomsel"},{"id":11,"name":"WhatsApp - Indonesia","country_id":7,"platform_id":1,"available":42,"price":139,"active":true,"catalog_product_id":88,"operator_id":null,"operator_name":null}],"meta":{"page":1,"limit":1000,"count":2}}"#;
    assert_eq!(answer.body, expected);

    let mut everything = ProductFilter {
        country: None,
        service: None,
        carrier: None,
        limit: 1_000,
        page: 1,
        sort: ProductSort::PriceAsc,
    };
    let one = ProductFilter {
        country: Some(CountryId::new(7)),
        service: Some(ServiceId::new(1)),
        carrier: Some(CarrierId::new(42)),
        limit: 5,
        page: 3,
        sort: ProductSort::NameDesc,
    };
    let mut expected = vec![everything, one];
    let query = "country_id=7&platform_id=1&operator_id=42&limit=5&page=3&sort=name_desc";
    api.get(&format!("/v1/catalog/products?{query}")).await;
    for (query, limit) in [("limit=0&page=0", 1), ("limit=99999&sort=nonsense", 10_000)] {
        api.get(&format!("/v1/catalog/products?{query}")).await;
        everything.limit = limit;
        expected.push(everything);
    }
    assert_eq!(*shelf.asked.lock().unwrap(), expected);
}

#[tokio::test]
async fn offers_any_operator_where_tiers_of_none_have_stock() {
    let (api, _) = shelf().await;
    let path = "/v1/catalog/operators?platform_id=1&country_id";
    let any = r#"{"success":true,"data":[{"operator_id":null,"code":"any","name":"Any","local_name":null}]}"#;
    assert_eq!(api.get(&format!("{path}=7")).await.body, any);
    let nothing = r#"{"success":true,"data":[]}"#;
    assert_eq!(api.get(&format!("{path}=9")).await.body, nothing);
}

#[tokio::test]
async fn knows_one_exchange_rate() {
    let rate = r#"{"success":true,"data":{"pair":"USD/IDR","base_currency":"USD","quote_currency":"IDR","rate":10000}}"#;
    for path in ["", "?pair=USD/IDR", "?pair=usd%2Fidr"] {
        assert_eq!(body(&format!("/v1/catalog/exchange-rate{path}")).await, rate);
    }
    let api = Api::new().await;
    let answer = api.get("/v1/catalog/exchange-rate?pair=EUR/IDR").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::NOT_FOUND, "NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn refuses_parameters_it_cannot_read() {
    let api = Api::new().await;
    for (query, field) in [
        ("operators", "country_id"),
        ("operators?country_id=1", "platform_id"),
        ("operators?country_id=x&platform_id=1", "country_id"),
        ("services?country_id=x", "country_id"),
        ("products?limit=many", "limit"),
        ("products?page=1.5", "page"),
    ] {
        let answer = api.get(&format!("/v1/catalog/{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(answer.blamed(), [field], "{query}");
    }
}
