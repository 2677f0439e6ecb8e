use std::time::Duration;

use domain::{
    gateways::{CheckoutRequest, GatewayError, PaymentGateway as _, PaymentRef, PaymentStatus},
    money::{Amount, Currency, Money},
};
use serde_json::json;

use super::{Shop, request, usd};
use crate::pay::{World, topup};

#[tokio::test]
async fn opens_a_page_once_per_topup() {
    let shop = Shop::open().await;
    let again = shop.btcpay.create_checkout(&request(1)).await.unwrap();
    assert_eq!(again.payment_id, shop.id);
    assert!(again.url.ends_with(&shop.id) && again.expires_at.is_some(), "{again:?}");
    // As another process would after a restart.
    let other = shop.world.btcpay(|_| {}).create_checkout(&request(1)).await.unwrap();
    assert_eq!(other, again);
    let dearer = CheckoutRequest { charge: usd(26_000_000), ..request(1) };
    let outcome = shop.btcpay.create_checkout(&dearer).await;
    assert!(matches!(outcome, Err(GatewayError::Refused(_))), "{outcome:?}");
    let truth = shop.world.truth("btcpay", topup(1)).await;
    assert_eq!(truth["payments"].as_array().unwrap().len(), 1, "{truth}");
}

/// The page was opened, and the answer never came: it is found by looking for it.
#[tokio::test]
async fn a_lost_answer_opens_no_second_page() {
    for fault in [
        "timeout_after_commit",
        "drop_after_commit",
        "http_500_after_commit",
        "garbage_after_commit",
    ] {
        let world = World::start().await;
        let btcpay = world.btcpay(|it| it.timeout = Duration::from_millis(500));
        let faults = json!({ fault: true, "only": "create", "remaining": 1 });
        world.control("btcpay", json!({ "faults": faults })).await;
        let checkout = btcpay.create_checkout(&request(1)).await.unwrap();
        let truth = world.truth("btcpay", topup(1)).await;
        let payments = truth["payments"].as_array().unwrap();
        assert_eq!(payments.len(), 1, "{fault}: {truth}");
        assert_eq!(payments[0]["id"], checkout.payment_id, "{fault}");
    }
}

#[tokio::test]
async fn what_was_not_opened_is_said_so_and_can_be_asked_for_again() {
    let world = World::start().await;
    let btcpay = world.btcpay(|_| {});
    let faults = json!({ "http_500": true, "only": "create" });
    world.control("btcpay", json!({ "faults": faults })).await;
    let outcome = btcpay.create_checkout(&request(1)).await;
    assert_eq!(outcome, Err(GatewayError::Unavailable("it failed")));
    assert!(world.orders("btcpay").await.is_empty());
    world.control("btcpay", json!({ "faults": {} })).await;
    btcpay.create_checkout(&request(1)).await.unwrap();
}

#[tokio::test]
async fn reading_is_tried_again() {
    let shop = Shop::open().await;
    shop.faults(json!({ "drop": true, "only": "status", "remaining": 2 })).await;
    assert_eq!(shop.standing().await.0, PaymentStatus::Open);
}

#[tokio::test]
async fn a_key_or_store_that_is_not_known_is_refused() {
    let world = World::start().await;
    for btcpay in [
        world.btcpay(|it| it.api_key = "other".into()),
        world.btcpay(|it| it.store_id = "OtherStore".to_owned()),
    ] {
        let outcome = btcpay.create_checkout(&request(1)).await;
        assert_eq!(outcome, Err(GatewayError::Refused("our key is not accepted")));
    }
}

#[tokio::test]
async fn charges_rupiah_where_that_is_set() {
    let world = World::start().await;
    world.control("btcpay", json!({ "rates": { "IDR": "1612345678.9" } })).await;
    let btcpay = world.btcpay(|it| it.currency = Currency::Idr);
    let charge = Money::idr(Amount::new(50_000).unwrap());
    let asked = CheckoutRequest { charge, ..request(1) };
    let id = btcpay.create_checkout(&asked).await.unwrap().payment_id;
    world.control("btcpay/pay", json!({ "invoice_id": id })).await;
    let report = btcpay.fetch(&PaymentRef::Payment(id)).await.unwrap().unwrap();
    // One satoshi is worth sixteen rupiah, so that more than the charge came: dust.
    assert_eq!((report.charge, report.received), (Some(charge), Some(charge)));
    let refused = btcpay.create_checkout(&request(2)).await;
    assert!(matches!(refused, Err(GatewayError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn what_the_server_does_not_know_is_nothing() {
    let world = World::start().await;
    let btcpay = world.btcpay(|_| {});
    for payment in [
        PaymentRef::Payment("unknown".to_owned()),
        PaymentRef::Payment("../pull-payments".to_owned()),
        PaymentRef::Topup(topup(7)),
    ] {
        assert_eq!(btcpay.fetch(&payment).await, Ok(None), "{payment}");
    }
}
