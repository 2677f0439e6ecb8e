//! How much callers may ask for, and what they are told of it.

use std::{sync::Arc, time::Duration};

use api_server::{Meter, Quotas};
use axum::body::Body;
use domain::limits::{LocalLimiter, Policy};

use crate::support::{Answer, Api, request};

/// Ten units for a token, twelve for a customer, fourteen from an address; one comes back each
/// six seconds.
async fn tight() -> Api {
    let policy = |name, burst| {
        let window = Duration::from_mins(1);
        Policy { name, quota: 10, window, burst }
    };
    let quotas =
        Quotas { token: policy("token", 10), user: policy("user", 12), ip: policy("ip", 14) };
    Api::with(|parts, market| {
        let limiter = Arc::new(LocalLimiter::new(market.clock.clone()));
        parts.meter = Meter::new(limiter, quotas);
    })
    .await
}

fn header(answer: &Answer, name: &str) -> String {
    answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn from(api: &Api, ip: &str, token: &str) -> Answer {
    let request = request("GET", "/v1/balance", token).header("x-forwarded-for", ip);
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_answer_says_how_its_caller_stands() {
    let api = tight().await;
    let token = &api.token;
    let answer = from(&api, "192.0.2.1", token).await;
    assert_eq!(answer.status, 200);
    let policies = "\"ip\";q=10;w=60, \"token\";q=10;w=60, \"user\";q=10;w=60";
    assert_eq!(header(&answer, "ratelimit-policy"), policies);
    let standing = "\"ip\";r=13;t=6, \"token\";r=9;t=6, \"user\";r=11;t=6";
    assert_eq!(header(&answer, "ratelimit"), standing);
    assert_eq!(answer.retry_after, None);
    // Errors as well, and whoever is nobody.
    let answer = from(&api, "192.0.2.1", "nobody").await;
    assert_eq!(answer.status, 401);
    assert_eq!(header(&answer, "ratelimit"), "\"ip\";r=12;t=12");
}

#[tokio::test]
async fn a_token_that_asked_for_too_much_waits() {
    let api = tight().await;
    for _ in 0..10 {
        assert_eq!(api.get("/v1/balance").await.status, 200);
    }
    for _ in 0..3 {
        let answer = api.get("/v1/balance").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (429, "RATE_LIMIT_EXCEEDED".into()));
        assert_eq!(answer.retry_after.as_deref(), Some("6"));
        assert!(header(&answer, "ratelimit").contains("\"token\";r=0;t=6"));
    }
    // Another token of the customer has what is left of the customer's own.
    let other = api.market.issue_token().execute(api.market.user, "other").await.unwrap().secret;
    for _ in 0..2 {
        assert_eq!(api.get_as(&other, "/v1/balance").await.status, 200);
    }
    let answer = api.get_as(&other, "/v1/balance").await;
    assert_eq!(answer.status, 429);
    let (_, stranger) = api.stranger().await;
    assert_eq!(api.get_as(&stranger, "/v1/balance").await.status, 200, "others do not notice");
    api.market.clock.advance_seconds(6);
    assert_eq!(api.get("/v1/balance").await.status, 200, "as it was told");
    assert_eq!(api.get("/v1/balance").await.status, 429);
}

#[tokio::test]
async fn made_up_tokens_are_counted_by_address_before_they_are_looked_up() {
    let api = tight().await;
    let unknown = |number: u32| format!("sb_test_{:016}", 4_711 + number);
    for number in 0..14 {
        assert_eq!(from(&api, "2001:db8::1", &unknown(number)).await.status, 401);
    }
    let lookups = api.market.chaos.calls().len();
    for neighbour in ["2001:db8::1", "2001:db8::ffff"] {
        assert_eq!(from(&api, neighbour, &unknown(99)).await.status, 429, "{neighbour}");
    }
    assert_eq!(api.market.chaos.calls().len(), lookups);
    assert_eq!(from(&api, "2001:db8:0:1::1", &unknown(99)).await.status, 401);
}

#[tokio::test]
async fn a_purchase_costs_as_many_units_as_numbers() {
    let api = tight().await;
    let body = |quantity| format!("{{\"catalog_product_id\":1,\"quantity\":{quantity}}}");
    let answer = api.create("a", &body(8)).await;
    assert_ne!(answer.status, 429, "{}", answer.body);
    assert!(header(&answer, "ratelimit").contains("\"token\";r=2;"));
    let before = api.market.store.all_orders().await.len();
    let answer = api.create("b", &body(8)).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "RATE_LIMIT_EXCEEDED".into()));
    // One unit went with the request; six of the seven others have to come back.
    assert_eq!(answer.retry_after.as_deref(), Some("36"));
    assert_eq!(api.market.store.all_orders().await.len(), before, "nothing was bought");
}
