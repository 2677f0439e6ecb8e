use domain::gateways::PaymentStatus;
use serde_json::json;

use super::{Shop, usd};

#[tokio::test]
async fn follows_a_payment_from_the_page_to_the_money() {
    let shop = Shop::open().await;
    assert_eq!(shop.standing().await, (PaymentStatus::Open, None));
    shop.act("pay", json!({ "unconfirmed": true })).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Processing, None));
    shop.act("confirm", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Settled, Some(usd(25_000_000))));
}

#[tokio::test]
async fn coins_that_go_back_to_their_sender_never_were_there() {
    let shop = Shop::open().await;
    shop.act("pay", json!({ "unconfirmed": true })).await;
    shop.act("double_spend", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Open, None));
    shop.act("expire", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Expired, None));
}

#[tokio::test]
async fn too_little_counts_once_the_page_is_closed() {
    let shop = Shop::open().await;
    let paid = shop.act("pay", json!({ "kind": "under" })).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Short, None));
    shop.act("expire", json!({})).await;
    let (status, received) = shop.standing().await;
    let received = received.unwrap();
    assert_eq!(status, PaymentStatus::Settled);
    assert!((12_499_000..=12_501_000).contains(&received.amount.get()), "{received}");
    let shown = paid["invoice"]["paidAmount"].as_str().unwrap().to_owned();
    assert!(shown.starts_with(&received.to_string()[..9]), "{shown} {received}");
}

#[tokio::test]
async fn too_much_counts_in_full() {
    let shop = Shop::open().await;
    shop.act("pay", json!({ "kind": "over" })).await;
    let (status, received) = shop.standing().await;
    assert_eq!(status, PaymentStatus::Settled);
    assert!(received.unwrap().amount.get() > 27_000_000, "{received:?}");
}

#[tokio::test]
async fn late_coins_count_when_they_are_sure() {
    let shop = Shop::open().await;
    shop.act("pay", json!({ "kind": "late", "unconfirmed": true })).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Processing, None));
    shop.act("confirm", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Settled, Some(usd(25_000_000))));
}

#[tokio::test]
async fn a_second_payment_adds_to_the_first() {
    let shop = Shop::paid().await;
    shop.act("pay", json!({ "kind": "second", "unconfirmed": true })).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Settled, Some(usd(25_000_000))));
    shop.act("confirm", json!({})).await;
    let (status, received) = shop.standing().await;
    assert_eq!(status, PaymentStatus::Settled);
    assert!(received.unwrap().amount.get() >= 50_000_000, "{received:?}");
}

#[tokio::test]
async fn coins_that_are_never_sure_fail() {
    let shop = Shop::open().await;
    shop.act("pay", json!({ "unconfirmed": true })).await;
    shop.act("stop_watching", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Processing, None));
    shop.act("double_spend", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Failed, None));
}

#[tokio::test]
async fn the_word_of_a_person_brings_no_coins() {
    let shop = Shop::open().await;
    shop.act("settle", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Settled, None));
    shop.act("invalidate", json!({})).await;
    assert_eq!(shop.standing().await, (PaymentStatus::Canceled, None));
}
