use domain::gateways::{PaymentRef, VerifyError};
use serde_json::json;

use super::Shop;

#[tokio::test]
async fn recognises_each_notification_and_its_repeats() {
    let shop = Shop::open().await;
    let happened = shop.act("pay", json!({})).await;
    let events = happened["events"].as_array().unwrap();
    let mut seen = Vec::new();
    for event in events {
        let again = json!({ "event_id": event["event_id"] });
        shop.world.control("btcpay/redeliver", again.clone()).await;
        let notice = shop.world.verify_last(&shop.btcpay).unwrap().unwrap();
        assert_eq!(notice.payment, PaymentRef::Payment(shop.id.clone()));
        assert_eq!(notice.event_kind, event["type"].as_str().unwrap());
        // Other bytes, the same notification.
        let before = shop.world.inbox.lock().unwrap().last().unwrap().1.clone();
        shop.world.control("btcpay/redeliver", again).await;
        assert_ne!(shop.world.inbox.lock().unwrap().last().unwrap().1, before);
        assert_eq!(shop.world.verify_last(&shop.btcpay), Ok(Some(notice.clone())));
        assert!(!seen.contains(&notice.event_id), "{seen:?}");
        seen.push(notice.event_id);
    }
    assert!(seen.len() >= 3, "{seen:?}");
}

#[tokio::test]
async fn tells_good_deliveries_from_bad_ones() {
    let shop = Shop::open().await;
    let happened = shop.act("pay", json!({})).await;
    let event = &happened["events"][0]["event_id"];
    for (deliver, expected) in [
        ("fresh", Ok(true)),
        ("duplicate", Ok(true)),
        ("tampered", Err(VerifyError::Mismatch)),
        ("wrong_secret", Err(VerifyError::Mismatch)),
        ("unsigned", Err(VerifyError::Malformed)),
        ("bad_header", Err(VerifyError::Malformed)),
    ] {
        let again = json!({ "event_id": event, "deliver": deliver });
        shop.world.control("btcpay/redeliver", again).await;
        let outcome = shop.world.verify_last(&shop.btcpay).map(|notice| notice.is_some());
        assert_eq!(outcome, expected, "{deliver}");
    }
}

#[tokio::test]
async fn types_nobody_documented_are_taken() {
    let shop = Shop::open().await;
    for kind in ["InvoicePaidAfterExpiration", "InvoiceExpiredPaidPartial", "InventedLater"] {
        shop.act("event", json!({ "type": kind })).await;
        let notice = shop.world.verify_last(&shop.btcpay).unwrap().unwrap();
        assert_eq!(notice.event_kind, kind);
    }
}
