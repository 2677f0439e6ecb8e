use std::sync::Arc;

use api_server::{Callers, Published, published};
use async_trait::async_trait;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use domain::{
    identity::{Customer, IdentityQueries, Mode, Scope, TokenHash, TokenOwner, TokenTerms},
    ids::{TokenId, UserId},
    store::StoreError,
};
use testkit::{Blow, Moment};

use crate::support::Api;

/// Which token may call what. A route that is missing here fails the test below.
const EXPECTED: [(&str, &str, Scope); 21] = [
    ("GET", "/balance", Scope::BalanceRead),
    ("GET", "/catalog/countries", Scope::CatalogRead),
    ("GET", "/catalog/services", Scope::CatalogRead),
    ("GET", "/catalog/operators", Scope::CatalogRead),
    ("GET", "/catalog/products", Scope::CatalogRead),
    ("GET", "/catalog/exchange-rate", Scope::CatalogRead),
    ("POST", "/orders/create", Scope::OrdersWrite),
    ("GET", "/orders", Scope::OrdersRead),
    ("GET", "/orders/active", Scope::OrdersRead),
    ("GET", "/orders/stream", Scope::OrdersRead),
    ("GET", "/orders/{id}", Scope::OrdersRead),
    ("POST", "/orders/cancel", Scope::OrdersWrite),
    ("POST", "/orders/finish", Scope::OrdersWrite),
    ("POST", "/orders/resend", Scope::OrdersWrite),
    ("POST", "/orders/reactivate", Scope::OrdersWrite),
    ("GET", "/orders/{id}/reactivate-options", Scope::OrdersRead),
    ("GET", "/webhook", Scope::WebhooksManage),
    ("PATCH", "/webhook", Scope::WebhooksManage),
    ("POST", "/webhook/test", Scope::WebhooksManage),
    ("GET", "/webhook/attempts", Scope::WebhooksManage),
    ("POST", "/webhook/replay", Scope::WebhooksManage),
];

#[test]
fn every_route_says_which_token_it_takes() {
    for Published { method, path, scope } in published() {
        let version = ["/v1", "/v2"].into_iter().find_map(|version| path.strip_prefix(version));
        let rest = version.unwrap_or_else(|| panic!("{path} has no version"));
        let known = EXPECTED.iter().find(|(m, p, _)| *m == method.as_str() && *p == rest);
        let (_, _, expected) = known.unwrap_or_else(|| panic!("who may call {method} {path}?"));
        assert_eq!(scope, *expected, "{method} {path}");
    }
}

#[tokio::test]
async fn every_route_asks_for_a_token_first() {
    let api = Api::new().await;
    for Published { method, path, .. } in published() {
        // Nothing else about the request is right, and none of it is looked at.
        let path = path.replace("{id}", "1");
        let body = if method == Method::GET { Body::empty() } else { Body::from("{") };
        let request = Request::builder().method(&method).uri(&path).body(body).unwrap();
        let answer = api.send(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}: {}", answer.body);
        assert_eq!(answer.code(), "UNAUTHORIZED");
    }
}

#[tokio::test]
async fn turns_away_what_is_no_bearer_token_of_ours() {
    let api = Api::new().await;
    let token = &api.token;
    let unknown = api.market.mint.mint_unstored();
    for header in [
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer{token}"),
        format!("Bearer {token}x"),
        "Bearer ".to_owned(),
        format!("Bearer {unknown}"),
    ] {
        let request = Request::get("/v1/balance").header("authorization", &header);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.code(), "UNAUTHORIZED", "{header}");
    }
    let request = Request::get("/v1/balance").header("authorization", format!("bEARER {token}"));
    let answer = api.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
}

trait MintUnstored {
    fn mint_unstored(&self) -> String;
}

impl<T: domain::identity::TokenMint> MintUnstored for T {
    fn mint_unstored(&self) -> String {
        self.mint(Mode::Live).secret
    }
}

#[tokio::test]
async fn a_suspended_account_is_known_and_not_allowed() {
    struct Suspended;
    #[async_trait]
    impl IdentityQueries for Suspended {
        async fn by_email(&self, _: &str) -> Result<Option<Customer>, StoreError> {
            Ok(None)
        }

        async fn token_owner(&self, _: TokenHash) -> Result<Option<TokenOwner>, StoreError> {
            Ok(Some(TokenOwner {
                user: UserId::new(1),
                token: TokenId::new(1),
                terms: TokenTerms::default(),
                suspended: true,
                mode: Mode::Live,
            }))
        }
    }
    let api = Api::with(|parts, market| {
        parts.callers =
            Callers::new(market.mint.clone(), Arc::new(Suspended), market.clock.clone());
    })
    .await;
    let answer = api.get("/v1/balance").await;
    assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "FORBIDDEN".to_owned()));
}

#[tokio::test]
async fn remembers_for_a_moment_whose_token_it_is() {
    let api = Api::new().await;
    for _ in 0..5 {
        assert_eq!(api.get("/v1/balance").await.status, StatusCode::OK);
    }
    let lookups = |api: &Api| {
        api.market.chaos.calls().iter().filter(|method| **method == "token_owner").count()
    };
    assert_eq!(lookups(&api), 1);
    let unknown = api.market.mint.mint_unstored();
    for _ in 0..5 {
        assert_eq!(api.get_as(&unknown, "/v1/balance").await.code(), "UNAUTHORIZED");
    }
    assert_eq!(lookups(&api), 2);
}

#[tokio::test]
async fn a_database_that_is_away_says_nothing_about_a_token() {
    let api = Api::new().await;
    api.market.chaos.strike_next("token_owner", Moment::Before, Blow::Fail);
    let answer = api.get("/v1/balance").await;
    assert_eq!(answer.code(), "SERVICE_UNAVAILABLE");
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(api.get("/v1/balance").await.status, StatusCode::OK);
}

#[tokio::test]
async fn orders_of_others_do_not_exist() {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    api.market.clock.advance_seconds(60);
    let (_, stranger) = api.stranger().await;
    let path = format!("/v1/orders/{}", order.id);
    assert_eq!(api.get_as(&stranger, &path).await.code(), "NOT_FOUND");
    let body = format!("{{\"id\":{}}}", order.id);
    for action in ["cancel", "finish", "resend"] {
        let path = format!("/v1/orders/{action}");
        let answer = api.post_as(&stranger, &path, &body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}");
        assert_eq!(answer.code(), "NOT_FOUND");
    }
    for path in ["/v1/orders", "/v1/orders/active"] {
        let answer = api.get_as(&stranger, path).await;
        assert_eq!(answer.json()["data"], serde_json::json!([]), "{path}");
    }
    assert_eq!(api.get(&path).await.json()["data"]["status"], "ACTIVE");
}
