//! The second version of the contract: dollars beside rupiah.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::http::StatusCode;
use domain::{
    rates::{ExchangeRate, IdrPerUsd, Rate},
    store::StoreError,
};
use testkit::start_of_time;

use crate::support::Api;

/// A rate that tests move.
struct Moving(Mutex<Option<Rate>>);

impl Moving {
    fn set(&self, rupiah: i64, dated: bool) {
        let idr_per_usd = IdrPerUsd::new(rupiah).unwrap();
        let as_of = dated.then(start_of_time);
        *self.0.lock().unwrap() = Some(Rate { idr_per_usd, as_of });
    }

    fn forget(&self) {
        *self.0.lock().unwrap() = None;
    }
}

#[async_trait]
impl ExchangeRate for Moving {
    async fn current(&self) -> Result<Option<Rate>, StoreError> {
        Ok(*self.0.lock().unwrap())
    }
}

async fn at(rupiah: i64) -> (Api, Arc<Moving>) {
    let rate = Arc::new(Moving(Mutex::default()));
    rate.set(rupiah, true);
    let api = Api::with(|parts, _| parts.rate = rate.clone()).await;
    (api, rate)
}

const RECEIPT: &str = r#""fx":{"pair":"USD/IDR","rate":16000,"rate_as_of":"2027-01-15T08:00:00Z"}"#;

#[tokio::test]
async fn shows_a_balance_in_cents_with_the_receipt_of_its_rate() {
    let (api, rate) = at(16_000).await;
    let balance = r#"{"success":true,"data":{"balance":{"amount":"0.06","currency":"USD","canonical_amount":1000,"canonical_currency":"IDR"}}"#;
    let answer = api.get("/v2/balance").await;
    assert_eq!(answer.body, format!(r#"{balance},"meta":{{{RECEIPT}}}}}"#));
    rate.set(16_000, false);
    let undated = r#""fx":{"pair":"USD/IDR","rate":16000,"rate_as_of":null}"#;
    let answer = api.get("/v2/balance").await;
    assert_eq!(answer.body, format!(r#"{balance},"meta":{{{undated}}}}}"#));
}

#[tokio::test]
async fn shows_prices_with_four_decimals() {
    let (api, _) = at(16_000).await;
    let price =
        r#"{"amount":"0.0019","currency":"USD","canonical_amount":30,"canonical_currency":"IDR"}"#;
    let answer = api.get("/v2/catalog/products?limit=1").await;
    let expected = format!(
        r#"{{"success":true,"data":[{{"id":1,"name":"WhatsApp - Indonesia","country_id":1,"platform_id":1,"available":1000,"price":{price},"active":true,"catalog_product_id":1,"operator_id":null,"operator_name":null}}],"meta":{{"page":1,"limit":1,"count":1,{RECEIPT}}}}}"#
    );
    assert_eq!(answer.body, expected);

    let order = api.market.buy().await.unwrap();
    let shown = api.get(&format!("/v2/orders/{}", order.id)).await.body;
    assert!(shown.contains(&format!(r#""amount":{price},"otp_code":null"#)), "{shown}");
    assert!(shown.ends_with(&format!(r#"}},"meta":{{{RECEIPT}}}}}"#)), "{shown}");
    let listed = api.get("/v2/orders").await.body;
    assert!(listed.contains(&format!(r#""amount":{price}"#)), "{listed}");
    let meta = format!(r#"],"meta":{{"limit":20,"offset":0,"count":1,{RECEIPT}}}}}"#);
    assert!(listed.ends_with(&meta), "{listed}");

    api.market.clock.advance_seconds(20);
    let body = format!("{{\"id\":{}}}", order.id);
    let canceled = api.post("/v2/orders/cancel", &body).await;
    let balance =
        r#"{"amount":"0.06","currency":"USD","canonical_amount":1000,"canonical_currency":"IDR"}"#;
    let expected = format!(
        r#"{{"success":true,"data":{{"order_id":{},"status":"CANCELED","refund_amount":{price},"new_balance":{balance}}},"meta":{{{RECEIPT}}}}}"#,
        order.id
    );
    assert_eq!(canceled.body, expected);
}

#[tokio::test]
async fn the_receipt_is_an_answer_of_its_own() {
    let (api, _) = at(16_000).await;
    let expected = r#"{"success":true,"data":{"pair":"USD/IDR","rate":16000,"rate_as_of":"2027-01-15T08:00:00Z"}}"#;
    for pair in ["", "?pair=USD/IDR", "?pair=EUR/IDR", "?other=1"] {
        assert_eq!(api.get(&format!("/v2/catalog/exchange-rate{pair}")).await.body, expected);
    }
}

#[tokio::test]
async fn only_what_holds_money_needs_a_rate() {
    let (api, rate) = at(16_000).await;
    let order = api.market.buy().await.unwrap();
    let other = api.market.buy().await.unwrap();
    api.receive(&order, "1234").await;
    api.market.clock.advance_seconds(20);
    rate.forget();
    let id = format!("{{\"id\":{}}}", order.id);
    for path in ["/balance", "/catalog/products", "/catalog/exchange-rate", "/orders", "/orders/1"]
    {
        let answer = api.get(&format!("/v2{path}")).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.code(), "FX_RATE_UNAVAILABLE", "{path}");
    }
    let canceled = format!("{{\"id\":{}}}", other.id);
    for (path, body) in [
        ("/orders/create", r#"{"product_id":1}"#),
        ("/orders/create", r#"{"catalog_product_id":1,"max_price":"0.01"}"#),
        ("/orders/cancel", &canceled),
    ] {
        let answer = api.post(&format!("/v2{path}"), body).await;
        assert_eq!(answer.code(), "FX_RATE_UNAVAILABLE", "{path}");
    }
    assert_eq!(api.market.store.all_orders().await.len(), 2, "nothing was bought");
    for path in ["countries", "services", "operators?country_id=1&platform_id=1"] {
        let answer = api.get(&format!("/v2/catalog/{path}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
    assert_eq!(api.get("/v2/orders/active").await.status, StatusCode::OK);
    for action in ["resend", "finish"] {
        let answer = api.post(&format!("/v2/orders/{action}"), &id).await;
        assert_eq!(answer.status, StatusCode::OK, "{action}: {}", answer.body);
    }
    // What a dollar costs is nothing that money in rupiah waits for.
    assert_eq!(api.get("/v1/balance").await.status, StatusCode::OK);
    assert_eq!(api.get("/v1/catalog/exchange-rate").await.code(), "NOT_FOUND");
    assert_eq!(api.post("/v1/orders/cancel", &canceled).await.status, StatusCode::OK);
}

#[tokio::test]
async fn limits_in_dollars_never_cost_more_than_was_said() {
    let (api, _) = at(16_000).await;
    // 30 and 50 rupiah are 0.001875 and 0.003125 dollars.
    for (body, amount) in [
        (r#"{"catalog_product_id":1,"max_price":"0.0019"}"#, Some(30)),
        (r#"{"catalog_product_id":1,"max_price":"0.0018"}"#, None),
        (r#"{"catalog_product_id":1,"min_price":"0.0019"}"#, Some(50)),
        (r#"{"catalog_product_id":1,"min_price":"0.0018","max_price":"1"}"#, Some(30)),
        (r#"{"catalog_product_id":1,"min_price":"0.0032"}"#, None),
    ] {
        let answer = api.post("/v2/orders/create", body).await;
        let bought = answer.json()["data"]["orders"][0]["amount"]["canonical_amount"].as_i64();
        assert_eq!(bought, amount, "{body}: {}", answer.body);
        if amount.is_none() {
            assert_eq!(answer.code(), "NO_OFFER_AVAILABLE");
        }
    }
}

#[tokio::test]
async fn each_version_takes_limits_in_its_own_money_only() {
    let (api, _) = at(16_000).await;
    for (version, limit) in [
        ("v1", r#""0.05""#),
        ("v1", r#""30""#),
        ("v1", "30.5"),
        ("v1", "true"),
        ("v1", "18446744073709551615"),
        ("v2", "30"),
        ("v2", "0.05"),
        ("v2", r#""0.00001""#),
        ("v2", r#""-1""#),
        ("v2", r#""0""#),
        ("v2", r#""""#),
        ("v2", r#""1e3""#),
        ("v2", "{}"),
    ] {
        for field in ["max_price", "min_price"] {
            let body = format!(r#"{{"catalog_product_id":1,"{field}":{limit}}}"#);
            let answer = api.post(&format!("/{version}/orders/create"), &body).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{version} {body}");
            assert_eq!(answer.code(), "VALIDATION_ERROR", "{version} {body}");
            assert_eq!(answer.blamed(), [field], "{version} {body}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_repeat_shows_the_rate_of_the_first_answer() {
    let (api, rate) = at(16_000).await;
    let body = r#"{"catalog_product_id":1,"max_price":"0.0050"}"#;
    let first = api.create_at("/v2/orders/create", "key", body).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    rate.set(20_000, true);
    // The limit is the same however many zeros it ends with and whatever it is in rupiah by now.
    for same in [body, r#"{"max_price":"0.005","catalog_product_id":1}"#] {
        assert_eq!(api.create_at("/v2/orders/create", "key", same).await.body, first.body);
    }
    let other = r#"{"catalog_product_id":1,"max_price":"0.0051"}"#;
    let answer = api.create_at("/v2/orders/create", "key", other).await;
    assert_eq!(answer.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(api.market.store.all_orders().await.len(), 1);

    let plain = r#"{"product_id":1}"#;
    let rupiah = api.create_at("/v1/orders/create", "plain", plain).await.json();
    let dollars = api.create_at("/v2/orders/create", "plain", plain).await.json();
    assert_eq!(rupiah["data"]["orders"][0]["id"], dollars["data"]["orders"][0]["id"]);
    assert_eq!(dollars["meta"]["fx"]["rate"], 20_000);
    assert_eq!(api.market.store.all_orders().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn streams_show_each_event_at_the_rate_of_its_moment() {
    let (api, rate) = at(16_000).await;
    let order = api.market.buy().await.unwrap();
    api.relay().await;
    let mut frames = api.stream_at("/v2/orders/stream").await;
    let snapshot = frames.next().await.unwrap();
    assert_eq!(snapshot.data["data"][0]["amount"]["amount"], "0.0019");
    assert_eq!(snapshot.data["meta"]["fx"]["rate"], 16_000);
    rate.set(15_000, true);
    api.receive(&order, "1").await;
    api.relay().await;
    let event = frames.next().await.unwrap();
    assert_eq!(event.data["data"]["amount"]["amount"], "0.0020");
    assert_eq!(event.data["meta"]["fx"]["rate"], 15_000);
    // A code is not held back for want of a rate.
    rate.forget();
    api.receive(&order, "2").await;
    api.relay().await;
    let event = frames.next().await.unwrap();
    assert_eq!(event.data["data"]["otp_code"], "2");
    assert_eq!(event.data["meta"]["fx"]["rate"], 15_000);
}
