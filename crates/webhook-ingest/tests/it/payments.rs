use std::sync::Arc;

use axum::http::{Request, StatusCode};
use domain::{
    gateways::{GatewayTerms, PaymentGateway as _},
    ledger::Gateway,
    outbox::Queue,
    tasks::TaskQueue,
    topups::Topup,
};
use testkit::{Blow, FakeGateway, Market, Moment};
use webhook_ingest::Callbacks;

use crate::support::{Answer, Receiver, count};

const AMOUNT: i64 = 20_000;

async fn notify(receiver: &Receiver, path: &str, body: Vec<u8>, signature: Option<&str>) -> Answer {
    let mut request = Request::post(path);
    if let Some(signature) = signature {
        request = request.header(FakeGateway::HEADER, signature);
    }
    receiver.send(request.body(body.into()).unwrap()).await
}

async fn started(receiver: &Receiver, gateway: &Arc<FakeGateway>) -> (Topup, String) {
    let started = receiver.market.started(gateway, AMOUNT).await.unwrap();
    receiver.market.chaos.calm();
    started
}

/// Notifications kept, and payments to be asked about.
async fn kept(receiver: &Receiver) -> (usize, i64) {
    let stats = receiver.market.store.stats().await.unwrap();
    let waiting = stats.iter().filter(|it| it.kind == "payment.confirm").map(|it| it.waiting).sum();
    (receiver.market.store.notices().await.len(), waiting)
}

#[tokio::test]
async fn a_payment_is_kept_acknowledged_and_credited_once() {
    let receiver = Receiver::new().await;
    let market = &receiver.market;
    for (gateway, path) in
        [(&market.gateway, "/stripe"), (&market.coins, "/heleket"), (&market.bank, "/duitku")]
    {
        let before = market.wallet().await.unwrap().0;
        let (_, payment) = started(&receiver, gateway).await;
        gateway.pay(&payment);
        market.wake.take();
        let body = gateway.hint(Some(&payment));
        for _ in 0..2 {
            let answer = notify(&receiver, path, body.clone(), Some(FakeGateway::SIGNATURE)).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.body, r#"{"success":true,"data":null}"#);
        }
        assert_eq!(market.wake.take(), [Queue::Tasks, Queue::Tasks]);
        market.run_tasks().await.unwrap();
        assert_eq!(market.wallet().await.unwrap().0, before + AMOUNT, "{path}");
    }
    assert_eq!(kept(&receiver).await, (3, 0));
}

#[tokio::test]
async fn what_concerns_something_else_is_acknowledged() {
    let receiver = Receiver::new().await;
    let body = receiver.market.gateway.hint(None);
    let answer = notify(&receiver, "/stripe", body, Some(FakeGateway::SIGNATURE)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(kept(&receiver).await, (0, 0));
}

/// A gateway like that of tests, under another name.
fn named(market: &Market, gateway: Gateway) -> Arc<FakeGateway> {
    let terms = GatewayTerms { gateway, ..FakeGateway::BANK };
    Arc::new(FakeGateway::new(terms, market.chaos.clone()))
}

/// What each gateway is told, which decides whether and for how long it repeats.
#[tokio::test]
async fn every_gateway_is_answered_as_it_wants() {
    let bad = StatusCode::BAD_REQUEST;
    let no = StatusCode::UNAUTHORIZED;
    for (gateway, forged, unreadable) in [
        (Gateway::Stripe, bad, bad),
        (Gateway::Heleket, bad, bad),
        (Gateway::Cryptomus, bad, bad),
        (Gateway::Duitku, bad, bad),
        (Gateway::Btcpay, no, bad),
    ] {
        let receiver = Receiver::taking(|market| vec![named(market, gateway)]).await;
        let fake = receiver.gateways[0].clone();
        assert_eq!(fake.terms().gateway, gateway);
        let path = format!("/{}", gateway.code());
        let good = fake.hint(Some("pay_1"));
        for (signature, body, status, outcome) in [
            (Some("forged"), good.clone(), forged, "mismatch"),
            (None, good.clone(), forged, "malformed"),
            (Some(FakeGateway::SIGNATURE), b"not sent by it".to_vec(), unreadable, "unreadable"),
            (Some(FakeGateway::SIGNATURE), good.clone(), StatusCode::OK, "stored"),
        ] {
            let before = count("payment_callbacks_total", &[gateway.code(), outcome]);
            let answer = notify(&receiver, &path, body, signature).await;
            assert_eq!(answer.status, status, "{path} {outcome}");
            assert_eq!(answer.status == bad || answer.status == no, answer.body.contains("ERROR"));
            let after = count("payment_callbacks_total", &[gateway.code(), outcome]);
            assert!(after > before, "{path} {outcome}");
        }
        assert_eq!(kept(&receiver).await, (1, 1));
        receiver.market.chaos.strike_next("insert_notice", Moment::Before, Blow::Fail);
        let other = fake.hint(Some("pay_2"));
        let answer = notify(&receiver, &path, other.clone(), Some(FakeGateway::SIGNATURE)).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let answer = notify(&receiver, &path, other, Some(FakeGateway::SIGNATURE)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(kept(&receiver).await, (2, 2));
    }
}

#[tokio::test]
async fn a_gateway_that_is_not_set_up_has_no_path() {
    let receiver = Receiver::with(Callbacks::default(), |_| Vec::new()).await;
    for path in ["/stripe", "/heleket", "/cryptomus", "/duitku", "/btcpay"] {
        assert_eq!(receiver.post(path, "{}").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn only_posts_are_taken() {
    let receiver = Receiver::new().await;
    assert_eq!(receiver.get("/stripe").await.status, StatusCode::METHOD_NOT_ALLOWED);
}
