//! Renting a number again, on both versions.

use axum::http::StatusCode;
use domain::{money::Cost, orders::Order, providers::ProviderError};
use testkit::Sale;

use crate::support::Api;

/// A completed order of the market's customer.
async fn completed(api: &Api) -> Order {
    let order = api.market.buy().await.unwrap();
    api.receive(&order, "1234").await;
    let order = api.market.finish_order().execute(api.market.user, order.id).await.unwrap();
    api.market.run_tasks().await.unwrap();
    order
}

#[tokio::test]
async fn answers_like_a_purchase_with_the_same_number() {
    let api = Api::new().await;
    let parent = completed(&api).await;
    let shown = api.get(&format!("/v1/orders/{}", parent.id)).await.json();
    assert_eq!(shown["data"]["can_reactivate"], true);
    let options = api.get(&format!("/v1/orders/{}/reactivate-options", parent.id)).await;
    assert_eq!(options.body, r#"{"success":true,"data":{"cost":30}}"#);

    let body = format!(r#"{{"id":{},"max_price":30}}"#, parent.id);
    let first = api.create_at("/v1/orders/reactivate", "key", &body).await;
    let child = api.market.store.all_orders().await.pop().unwrap();
    let phone = parent.lease().unwrap().phone.reveal();
    let expected = format!(
        r#"{{"success":true,"data":{{"orders":[{{"id":{},"status":"ACTIVE","product_id":1,"catalog_product_id":1,"operator_id":null,"operator_name":null,"phone_number":"+{phone}","amount":30,"otp_code":null,"sms_revision":0,"otp_received_at":null,"expires_at":"2027-01-15T08:02:00Z","can_finish":false,"can_resend":false,"can_cancel":false,"can_replace":false,"can_reactivate":false,"resend_available_at":null,"cancel_available_at":"2027-01-15T08:00:20Z","replace_available_at":"2027-01-15T08:00:20Z"}}],"failed_count":0}}}}"#,
        child.id
    );
    assert_eq!((first.status, &first.body), (StatusCode::OK, &expected));
    let dearer = Cost::from_micros(9_000).unwrap();
    api.market.cheap.adapter.then_reactivation_cost(Ok(dearer));
    let again = api.create_at("/v1/orders/reactivate", "key", &body).await;
    assert_eq!(again.body, expected);
    let other = format!(r#"{{"id":{},"max_price":31}}"#, parent.id);
    let reused = api.create_at("/v1/orders/reactivate", "key", &other).await;
    assert_eq!(reused.code(), "IDEMPOTENCY_KEY_REUSED");
    // A purchase under the same key is another operation.
    assert_eq!(api.create("key", r#"{"product_id":1}"#).await.status, StatusCode::OK);
}

#[tokio::test]
async fn shows_and_takes_dollars_on_the_second_version() {
    let api = Api::new().await;
    let parent = completed(&api).await;
    let receipt = r#""meta":{"fx":{"pair":"USD/IDR","rate":10000,"rate_as_of":null}}"#;
    let options = api.get(&format!("/v2/orders/{}/reactivate-options", parent.id)).await;
    let cost =
        r#"{"amount":"0.0030","currency":"USD","canonical_amount":30,"canonical_currency":"IDR"}"#;
    assert_eq!(options.body, format!(r#"{{"success":true,"data":{{"cost":{cost}}},{receipt}}}"#));
    let body = |limit| format!(r#"{{"id":{},"max_price":"{limit}"}}"#, parent.id);
    let dear = api.post("/v2/orders/reactivate", &body("0.0029")).await;
    assert_eq!(dear.code(), "NO_OFFER_AVAILABLE");
    let child = api.post("/v2/orders/reactivate", &body("0.003")).await;
    assert_eq!(child.status, StatusCode::OK, "{}", child.body);
    assert!(child.body.contains(&format!(r#""amount":{cost}"#)), "{}", child.body);
    assert!(child.body.ends_with(&format!("{receipt}}}")), "{}", child.body);
}

#[tokio::test]
async fn says_why_a_number_is_not_rented_again() {
    let api = Api::new().await;
    let parent = completed(&api).await;
    let active = api.market.buy().await.unwrap();
    let (_, stranger) = api.stranger().await;
    for version in ["v1", "v2"] {
        let post = format!("/{version}/orders/reactivate");
        let options = |id: String| format!("/{version}/orders/{id}/reactivate-options");
        let body = |order: &Order| format!("{{\"id\":{}}}", order.id);
        let conflict = api.post(&post, &body(&active)).await;
        assert_eq!((conflict.status, conflict.code().as_str()), (StatusCode::CONFLICT, "CONFLICT"));
        assert_eq!(api.get(&options(active.id.to_string())).await.code(), "CONFLICT");
        for answer in [
            api.post_as(&stranger, &post, &body(&parent)).await,
            api.get_as(&stranger, &options(parent.id.to_string())).await,
            api.post(&post, r#"{"id":999}"#).await,
            api.get(&options("999".to_owned())).await,
            api.get(&options("abc".to_owned())).await,
        ] {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
        }
        for (bad, field) in [
            ("{}", "id"),
            (r#"{"id":"1"}"#, "id"),
            (r#"{"id":1,"quantity":2}"#, "quantity"),
            (r#"{"id":1,"max_price":true}"#, "max_price"),
        ] {
            let answer = api.post(&post, bad).await;
            assert_eq!(answer.blamed(), [field], "{bad}: {}", answer.body);
        }
        let key = api.create_at(&post, "not a key", &body(&parent)).await;
        assert_eq!(key.blamed(), ["idempotency-key"]);
        let gone = || ProviderError::Refused("not to be had again");
        api.market.cheap.adapter.then_reactivation_cost(Err(gone()));
        assert_eq!(api.get(&options(parent.id.to_string())).await.code(), "PROVIDER_ERROR");
        api.market.cheap.adapter.then_reactivation_cost(Err(gone()));
        assert_eq!(api.post(&post, &body(&parent)).await.code(), "PROVIDER_ERROR");
        api.market.cheap.adapter.then_sale(Sale::AnswerLost);
        let unknown = api.create_at(&post, version, &body(&parent)).await;
        assert_eq!(unknown.code(), "SERVICE_UNAVAILABLE");
        assert!(unknown.retry_after.is_some());
        let running = api.create_at(&post, version, &body(&parent)).await;
        assert_eq!(running.code(), "REQUEST_IN_PROGRESS");
        // What was sold ends by itself, so that the number is free again.
        let sold = api.market.cheap.adapter.sold().pop().unwrap();
        api.market.cheap.adapter.end(&sold.activation.external_id);
    }
}
