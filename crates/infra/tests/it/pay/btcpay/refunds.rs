use std::time::Duration;

use domain::gateways::{GatewayError, PaymentGateway as _, PaymentRef, RefundRequest, RefundState};
use serde_json::json;

use super::{Shop, usd};
use crate::pay::topup;

#[tokio::test]
async fn gives_back_by_a_link_that_the_customer_claims() {
    let shop = Shop::paid().await;
    assert!(shop.report().await.refunds.is_empty());
    let request = shop.refund(1, usd(10_000_000));
    let done = shop.btcpay.refund(&request).await.unwrap();
    assert_eq!(done.report.refund, Some(request.refund));
    assert_eq!((done.report.amount, done.report.state), (usd(10_000_000), RefundState::Pending));
    assert!(done.claim_url.as_ref().unwrap().ends_with(&done.report.id), "{done:?}");
    assert_eq!(shop.report().await.refunds, std::slice::from_ref(&done.report));
    // Asked again, also by another process, it finds the same.
    assert_eq!(shop.world.btcpay(|_| {}).refund(&request).await, Ok(done.clone()));
    let claim = json!({ "pull_payment_id": done.report.id });
    shop.world.control("btcpay/claim", claim).await;
    let report = shop.report().await;
    assert_eq!(report.refunds.len(), 1);
    assert_eq!(report.refunds[0].state, RefundState::Done);
    assert_eq!(report.received, Some(usd(25_000_000)));
}

/// Money was put aside, and the answer never came: the repeat finds it.
#[tokio::test]
async fn the_same_refund_is_given_once() {
    for fault in ["timeout_after_commit", "drop_after_commit", "http_500_after_commit"] {
        let shop = Shop::paid().await;
        let btcpay = shop.world.btcpay(|it| it.timeout = Duration::from_millis(500));
        let request = shop.refund(1, usd(10_000_000));
        shop.faults(json!({ fault: true, "only": "refund" })).await;
        let lost = btcpay.refund(&request).await;
        assert!(matches!(lost, Err(GatewayError::Unavailable(_))), "{fault}: {lost:?}");
        let done = btcpay.refund(&request).await.unwrap();
        assert_eq!(shop.report().await.refunds, [done.report], "{fault}");
    }
}

#[tokio::test]
async fn a_link_that_was_withdrawn_gave_nothing_back() {
    let shop = Shop::paid().await;
    let done = shop.btcpay.refund(&shop.refund(1, usd(10_000_000))).await.unwrap();
    let archive = json!({ "pull_payment_id": done.report.id });
    shop.world.control("btcpay/archive", archive).await;
    assert_eq!(shop.report().await.refunds[0].state, RefundState::Failed);
}

#[tokio::test]
async fn a_refund_made_on_the_servers_own_pages_is_seen() {
    let shop = Shop::paid().await;
    let url = format!(
        "{}/btcpay/api/v1/stores/SandboxStore/invoices/{}/refund",
        shop.world.base, shop.id
    );
    let call = shop.world.http.post(url).header("authorization", "token btcpay_sandbox");
    let body = json!({ "refundVariant": "RateThen", "payoutMethodId": "BTC-CHAIN" });
    // The list of refunds is known, and without this one.
    assert_eq!(shop.report().await.refunds, []);
    let response = call.json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(shop.report().await.refunds, []);
    let told = PaymentRef::Alias(shop.id.clone());
    let report = shop.btcpay.fetch(&told).await.unwrap().unwrap();
    assert_eq!(shop.report().await, report);
    let [refund] = &report.refunds[..] else { panic!("{:?}", report.refunds) };
    assert_eq!((refund.refund, refund.state), (None, RefundState::Pending));
    // Coins, at the share of all coins that they are; the last digit is lost in rounding.
    let value = refund.amount.amount.get();
    assert!((24_999_000..=25_000_000).contains(&value), "{refund:?}");
}

#[tokio::test]
async fn only_a_verdict_on_the_refund_is_a_refusal() {
    let unpaid = Shop::open().await;
    let outcome = unpaid.btcpay.refund(&unpaid.refund(1, usd(1_000_000))).await;
    assert_eq!(outcome, Err(GatewayError::Refused("it does not give this back")));
    let shop = Shop::paid().await;
    let other = RefundRequest { topup: topup(2), ..shop.refund(1, usd(1_000_000)) };
    let outcome = shop.btcpay.refund(&other).await;
    assert_eq!(outcome, Err(GatewayError::Refused("the payment is another one")));
    for btcpay in [
        shop.world.btcpay(|it| it.api_key = "other".into()),
        shop.world.btcpay(|it| it.refund_method = None),
    ] {
        let outcome = btcpay.refund(&shop.refund(1, usd(1_000_000))).await;
        assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{outcome:?}");
    }
    shop.faults(json!({ "http_500": true, "only": "refund" })).await;
    let outcome = shop.btcpay.refund(&shop.refund(1, usd(1_000_000))).await;
    assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{outcome:?}");
    let missing = RefundRequest { payment_id: "unknown".to_owned(), ..shop.refund(1, usd(1)) };
    let outcome = shop.btcpay.refund(&missing).await;
    assert!(matches!(outcome, Err(GatewayError::Unavailable(_))), "{outcome:?}");
    assert!(shop.report().await.refunds.is_empty());
}
