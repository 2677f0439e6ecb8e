use std::sync::Arc;

use async_trait::async_trait;
use axum::http::StatusCode;
use domain::{
    ids::{ExternalId, ProviderId},
    ledger::LedgerQueries as _,
    money::Deposit,
    orders::place::{PlaceOrders, PlacePorts},
    providers::{
        AcquireError, AcquireRequest, Activation, CancelOutcome, Listing, NumberProvider,
        ProviderCatalog, ProviderError, ProviderRegistry, Refusal, UpstreamStatus,
    },
    store::StoreError,
};
use testkit::{Market, Sale, ScriptedProvider};
use tokio::sync::Semaphore;

use crate::support::{Answer, Api};

const ANY: &str = r#"{"catalog_product_id":1}"#;

async fn balance(api: &Api) -> i64 {
    api.market.store.wallet(api.market.user).await.unwrap().available.get()
}

#[tokio::test]
async fn answers_with_the_order_as_it_was_bought() {
    let api = Api::new().await;
    let answer = api.post("/v1/orders/create", r#"{"product_id":1}"#).await;
    let order = api.order().await;
    let phone = order.lease().unwrap().phone.reveal();
    let expected = format!(
        r#"{{"success":true,"data":{{"orders":[{{"id":{},"status":"ACTIVE","product_id":1,"catalog_product_id":1,"operator_id":null,"operator_name":null,"phone_number":"+{phone}","amount":30,"otp_code":null,"sms_revision":0,"otp_received_at":null,"expires_at":"2027-01-15T08:02:00Z","can_finish":false,"can_resend":false,"can_cancel":false,"can_replace":false,"can_reactivate":false,"resend_available_at":null,"cancel_available_at":"2027-01-15T08:00:20Z","replace_available_at":"2027-01-15T08:00:20Z"}}],"failed_count":0}}}}"#,
        order.id
    );
    assert_eq!((answer.status, answer.body), (StatusCode::OK, expected));
    assert_eq!(balance(&api).await, 970);
}

#[tokio::test]
async fn repeats_the_first_answer_byte_for_byte_whatever_happened_since() {
    let api = Api::new().await;
    let body = r#"{"catalog_product_id":1,"quantity":3}"#;
    let first = api.create("key_1-A", body).await;
    assert_eq!(first.status, StatusCode::OK);
    let same =
        r#" {"quantity": 3, "policy": "cheapest", "catalog_product_id": 1, "max_price": null}"#;
    assert_eq!(api.create("key_1-A", same).await.body, first.body);

    let orders = api.market.store.all_orders().await;
    api.receive(&orders[0], "1234").await;
    api.market.finish_order().execute(api.market.user, orders[0].id).await.unwrap();
    api.market.clock.advance_seconds(60);
    api.market.cancel_order().execute(api.market.user, orders[1].id).await.unwrap();
    api.market.clock.advance_seconds(3_600);
    api.market.expire_orders().run_once().await.unwrap();
    assert_eq!(api.create("key_1-A", body).await.body, first.body);
    assert_eq!(api.market.store.all_orders().await.len(), 3);
}

#[tokio::test]
async fn refuses_a_key_with_another_request() {
    let api = Api::new().await;
    assert_eq!(api.create("key", ANY).await.status, StatusCode::OK);
    for other in [
        r#"{"product_id":1}"#,
        r#"{"catalog_product_id":1,"quantity":2}"#,
        r#"{"catalog_product_id":1,"max_price":30}"#,
        r#"{"catalog_product_id":1,"min_price":30}"#,
        r#"{"catalog_product_id":1,"policy":"best_success"}"#,
        r#"{"catalog_product_id":1,"prefer_provider":"dear"}"#,
        r#"{"catalog_product_id":1,"prefer_provider":";quantity=1"}"#,
    ] {
        let answer = api.create("key", other).await;
        assert_eq!(answer.code(), "IDEMPOTENCY_KEY_REUSED", "{other}: {}", answer.body);
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(balance(&api).await, 970);
}

#[tokio::test]
async fn lists_every_bad_field_at_once() {
    let api = Api::new().await;
    let blamed = async |body: &str| {
        let answer = api.post("/v1/orders/create", body).await;
        assert_eq!(answer.code(), "VALIDATION_ERROR", "{body}: {}", answer.body);
        answer.blamed()
    };
    assert_eq!(blamed("{}").await, ["product_id"]);
    assert_eq!(blamed(r#"{"product_id":1,"catalog_product_id":1}"#).await, ["product_id"]);
    let routed = r#"{"product_id":1,"max_price":1,"min_price":1,"prefer_provider":"a","policy":"cheapest","operator_id":1}"#;
    let fields = ["max_price", "min_price", "prefer_provider", "policy", "operator_id"];
    assert_eq!(blamed(routed).await, fields);
    let bad = r#"{"catalog_product_id":0,"max_price":0,"min_price":-1,"prefer_provider":"","policy":"dearest","operator_id":-1,"quantity":101}"#;
    let fields = [
        "catalog_product_id",
        "operator_id",
        "min_price",
        "max_price",
        "policy",
        "prefer_provider",
        "quantity",
    ];
    assert_eq!(blamed(bad).await, fields);
    let turned = r#"{"catalog_product_id":1,"min_price":2,"max_price":1,"quantity":0}"#;
    assert_eq!(blamed(turned).await, ["min_price", "quantity"]);
    for key in ["", "with space", "ключ", &"x".repeat(129)] {
        let answer = api.create(key, r#"{"catalog_product_id":-1}"#).await;
        assert_eq!(answer.blamed(), ["idempotency-key", "catalog_product_id"], "{key}");
    }
    assert_eq!(api.create(&"x".repeat(128), ANY).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_schema_is_closed_and_typed() {
    let api = Api::new().await;
    for (body, field) in [
        (r#"{"product_id":1,"coupon":"x"}"#, "coupon"),
        (r#"{"product_id":"1"}"#, "product_id"),
        (r#"{"product_id":1.5}"#, "product_id"),
        (r#"{"catalog_product_id":1,"max_price":"30"}"#, "max_price"),
        ("[1]", "body"),
        ("{", "body"),
        ("", "body"),
    ] {
        let answer = api.post("/v1/orders/create", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.blamed(), [field], "{body}");
    }
    for action in ["cancel", "finish", "resend"] {
        let path = format!("/v1/orders/{action}");
        for (body, field) in
            [(r#"{"id":1,"force":true}"#, "force"), ("{}", "id"), (r#"{"id":"1"}"#, "id")]
        {
            let answer = api.post(&path, body).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{action} {body}");
            assert_eq!(answer.blamed(), [field], "{action} {body}");
        }
    }
    assert_eq!(api.market.store.all_orders().await, []);
}

fn refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.body);
}

#[tokio::test]
async fn says_why_nothing_was_bought() {
    let api = Api::new().await;
    let (unprocessable, conflict) = (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::CONFLICT);
    let guarded = r#"{"catalog_product_id":1,"max_price":29}"#;
    let answer = api.post("/v1/orders/create", guarded).await;
    refused(&answer, unprocessable, "NO_OFFER_AVAILABLE");
    let answer = api.post("/v1/orders/create", r#"{"product_id":99}"#).await;
    refused(&answer, unprocessable, "NO_OFFER_AVAILABLE");

    api.market.cheap.adapter.then_sale(Sale::Refused(Refusal::UpstreamAuth));
    let answer = api.post("/v1/orders/create", r#"{"product_id":1}"#).await;
    refused(&answer, unprocessable, "PROVIDER_ERROR");

    api.market.cheap.adapter.then_sale(Sale::AnswerLost);
    let answer = api.create("unknown", r#"{"product_id":1}"#).await;
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE");
    assert!(answer.retry_after.is_some());
    let answer = api.create("unknown", r#"{"product_id":1}"#).await;
    refused(&answer, conflict, "REQUEST_IN_PROGRESS");
    assert!(answer.retry_after.is_some());

    let (_, poor) = api.stranger().await;
    let answer = api.post_as(&poor, "/v1/orders/create", ANY).await;
    refused(&answer, conflict, "INSUFFICIENT_BALANCE");
}

#[tokio::test]
async fn buys_as_many_as_can_be_had_and_counts_the_rest() {
    let api = Api::new().await;
    let refusal = || Sale::Refused(Refusal::OutOfStock);
    api.market.cheap.adapter.then_sale(Sale::Sold).then_sale(refusal());
    let answer = api.post("/v1/orders/create", r#"{"product_id":1,"quantity":3}"#).await;
    let data = &answer.json()["data"];
    assert_eq!((data["orders"].as_array().unwrap().len(), &data["failed_count"]), (2, &1.into()));
    assert_eq!(balance(&api).await, 940);
}

#[tokio::test]
async fn prefers_the_provider_that_was_asked_for() {
    let api = Api::new().await;
    let body = r#"{"catalog_product_id":1,"prefer_provider":"DEAR","max_price":50}"#;
    let answer = api.post("/v1/orders/create", body).await;
    assert_eq!(answer.json()["data"]["orders"][0]["amount"], 50);
}

/// Lets a provider sell only when the test says so.
struct Slow {
    inner: Arc<ScriptedProvider>,
    asked: Arc<Semaphore>,
    may_sell: Arc<Semaphore>,
}

#[async_trait]
impl NumberProvider for Slow {
    async fn acquire(&self, request: &AcquireRequest) -> Result<Activation, AcquireError> {
        self.asked.add_permits(1);
        self.may_sell.acquire().await.unwrap().forget();
        self.inner.acquire(request).await
    }

    async fn status(&self, id: &ExternalId) -> Result<UpstreamStatus, ProviderError> {
        self.inner.status(id).await
    }

    async fn cancel(&self, id: &ExternalId) -> Result<CancelOutcome, ProviderError> {
        self.inner.cancel(id).await
    }

    async fn finish(&self, id: &ExternalId) -> Result<(), ProviderError> {
        self.inner.finish(id).await
    }

    async fn resend(&self, id: &ExternalId) -> Result<(), ProviderError> {
        self.inner.resend(id).await
    }

    async fn active(&self) -> Result<Listing, ProviderError> {
        self.inner.active().await
    }

    async fn catalog(&self) -> Result<ProviderCatalog, ProviderError> {
        self.inner.catalog().await
    }

    async fn balance(&self) -> Result<Deposit, ProviderError> {
        self.inner.balance().await
    }
}

struct One(Arc<Slow>);

#[async_trait]
impl ProviderRegistry for One {
    async fn get(&self, _: ProviderId) -> Result<Option<Arc<dyn NumberProvider>>, StoreError> {
        Ok(Some(self.0.clone()))
    }
}

fn slow(market: &Market) -> (PlaceOrders, Arc<Slow>) {
    let slow = Arc::new(Slow {
        inner: market.cheap.adapter.clone(),
        asked: Arc::new(Semaphore::new(0)),
        may_sell: Arc::new(Semaphore::new(0)),
    });
    let store = Arc::new(market.store.clone());
    let ports = PlacePorts {
        store: store.clone(),
        purchases: store.clone(),
        catalog: store.clone(),
        orders: store.clone(),
        work: store,
        registry: Arc::new(One(slow.clone())),
        wake: market.wake.clone(),
        clock: market.clock.clone(),
    };
    (PlaceOrders::new(ports, Market::TERMS, Market::GUARD.unfinished_orders), slow)
}

#[tokio::test]
async fn a_purchase_goes_on_when_its_customer_hangs_up() {
    let mut provider = None;
    let api = Api::with(|parts, market| {
        let (place_orders, slow) = slow(market);
        parts.place_orders = place_orders;
        provider = Some(slow);
    })
    .await;
    let provider = provider.unwrap();
    tokio::select! {
        answer = api.create("key", ANY) => panic!("nobody sold yet: {}", answer.body),
        asked = provider.asked.acquire() => asked.unwrap().forget(),
    }
    let answer = api.create("key", ANY).await;
    refused(&answer, StatusCode::CONFLICT, "REQUEST_IN_PROGRESS");

    provider.may_sell.add_permits(1);
    let stop = api.supervisor.stop();
    stop.soft.cancel();
    // Shutdown waits for the purchase, although its request is long gone.
    assert_eq!(api.supervisor.clone().wait().await, runtime::Exit::Clean);
    assert_eq!(api.order().await.status().as_str(), "ACTIVE");
    assert_eq!(balance(&api).await, 970);
}
