//! What customers are told who leave too much unused.

use std::time::Duration;

use axum::http::StatusCode;
use domain::{
    abuse::{GuardTerms, Measure, Tripwire},
    orders::Order,
};
use serde_json::json;
use testkit::{Market, start_of_time};

use crate::support::{Answer, Api};

const ANY: &str = r#"{"catalog_product_id":1}"#;

fn told(answer: &Answer) -> (u16, String, Option<&str>) {
    (answer.status.as_u16(), answer.code(), answer.retry_after.as_deref())
}

async fn cancel(api: &Api, order: &Order) -> Answer {
    api.post("/v1/orders/cancel", &format!("{{\"id\":{}}}", order.id)).await
}

/// Orders that may be canceled.
async fn bought(api: &Api, many: u32) -> Vec<Order> {
    let mut orders = Vec::new();
    for _ in 0..many {
        orders.push(api.market.buy().await.unwrap());
    }
    api.market.clock.advance_seconds(20);
    orders
}

#[tokio::test]
async fn a_ban_says_how_hard_it_is_and_when_it_is_over_and_stops_purchases_alone() {
    let soft = Tripwire { outcomes: 2, percent: 60, ban: Duration::from_mins(15) };
    let api = Api::guarded(GuardTerms { soft, ..Market::GUARD }).await;
    let kept = api.create("kept", ANY).await.body;
    let orders = bought(&api, 4).await;
    api.receive(&orders[3], "1234").await;
    for order in &orders[..2] {
        assert_eq!(cancel(&api, order).await.status, StatusCode::OK);
    }
    let refused = api.create("new", ANY).await;
    let code = "TEMP_BANNED_ABUSE_GUARD".to_owned();
    assert_eq!(told(&refused), (429, code.clone(), Some("900")));
    assert_eq!(
        refused.json()["error"]["details"],
        json!({ "tier": "SOFT", "until": "2027-01-15T08:15:20Z", "retry_after_seconds": 900 })
    );
    api.market.clock.advance_seconds(299);
    assert_eq!(told(&api.create_at("/v2/orders/create", "new", ANY).await).2, Some("601"));
    assert_eq!(api.create("kept", ANY).await.body, kept, "a repeat is answered");
    assert_eq!(api.get("/v1/orders").await.status, StatusCode::OK);
    let finish = format!("{{\"id\":{}}}", orders[3].id);
    assert_eq!(api.post("/v1/orders/finish", &finish).await.status, StatusCode::OK);
    assert_eq!(told(&api.post("/v1/orders/reactivate", &finish).await), (429, code, Some("601")));
    api.market.clock.advance_seconds(601);
    assert_eq!(api.create("new", ANY).await.status, StatusCode::OK, "as it was told");
}

#[tokio::test]
async fn an_operators_ban_is_a_hard_one() {
    let api = Api::new().await;
    let until = start_of_time() + Duration::from_hours(3);
    let word = ("operator".to_owned(), "asked by mail".to_owned());
    let measure = Measure::Ban { until };
    api.market.take_measure().execute(api.market.user, measure, word).await.unwrap();
    let refused = api.create("new", ANY).await;
    assert_eq!(refused.retry_after.as_deref(), Some("10800"));
    assert_eq!(refused.json()["error"]["details"]["tier"], "HARD");
}

#[tokio::test]
async fn who_cancels_too_often_is_told_until_when_and_loses_nothing() {
    let api = Api::guarded(GuardTerms { cancels_per_day: 2, ..Market::GUARD }).await;
    let orders = bought(&api, 3).await;
    assert_eq!(cancel(&api, &orders[0]).await.status, StatusCode::OK);
    api.market.clock.advance_seconds(10);
    assert_eq!(cancel(&api, &orders[1]).await.status, StatusCode::OK);
    let refused = cancel(&api, &orders[2]).await;
    // A day after the first of the two.
    assert_eq!(told(&refused), (429, "RATE_LIMIT_EXCEEDED".to_owned(), Some("86390")));
    let message = refused.json()["error"]["message"].to_string();
    assert!(message.contains("At most 2 orders") && message.contains("refunded"), "{message}");
    api.market.clock.advance_seconds(120);
    api.market.expire_orders().run_once().await.unwrap();
    assert_eq!(api.market.order(&orders[2]).await.unwrap().status().as_str(), "EXPIRED");
    assert_eq!(api.market.wallet().await.unwrap(), (1_000, 0));
}

#[tokio::test]
async fn who_has_too_many_unfinished_orders_is_told_what_helps() {
    let api = Api::guarded(GuardTerms { unfinished_orders: 2, ..Market::GUARD }).await;
    let answer = api.create("many", r#"{"catalog_product_id":1,"quantity":5}"#).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json()["data"]["failed_count"], 3);
    let refused = api.create("more", ANY).await;
    assert_eq!(told(&refused), (429, "RATE_LIMIT_EXCEEDED".to_owned(), Some("10")));
    let message = refused.json()["error"]["message"].to_string();
    assert!(message.contains("At most 2 orders"), "{message}");
    let order = api.market.store.all_orders().await.swap_remove(0);
    api.receive(&order, "1234").await;
    assert_eq!(api.create("more", ANY).await.status, StatusCode::OK);
}
