use axum::http::{Request, StatusCode};
use domain::{
    gateways::{Payment, PaymentKind},
    ledger::Gateway,
    money::Amount,
    outbox::Queue,
    topups::{PaymentInbox, Topup},
};
use testkit::{Blow, FakeGateway, Moment};
use webhook_ingest::Callbacks;

use crate::support::{Answer, Receiver, count};

const AMOUNT: i64 = 20_000;

async fn notify(receiver: &Receiver, body: Vec<u8>, signature: Option<&str>) -> Answer {
    let mut request = Request::post("/stripe");
    if let Some(signature) = signature {
        request = request.header(FakeGateway::HEADER, signature);
    }
    receiver.send(request.body(body.into()).unwrap()).await
}

async fn started(receiver: &Receiver) -> Topup {
    let amount = Amount::new(AMOUNT).unwrap();
    let topup = receiver.market.start_topup().execute(receiver.market.user, amount).await.unwrap();
    receiver.market.chaos.calm();
    topup
}

fn paid(topup: &Topup) -> Payment {
    Payment {
        gateway: Gateway::Stripe,
        event_id: "evt_1".to_owned(),
        payment_id: topup.payment_id.clone().unwrap(),
        topup: Some(topup.id),
        kind: PaymentKind::Paid,
        amount: Amount::new(AMOUNT),
    }
}

#[tokio::test]
async fn a_payment_is_stored_acknowledged_and_credited_once() {
    let receiver = Receiver::new().await;
    let topup = started(&receiver).await;
    receiver.market.wake.take();
    for _ in 0..2 {
        let body = receiver.market.gateway.body(Some(paid(&topup)));
        let answer = notify(&receiver, body, Some(FakeGateway::SIGNATURE)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body, r#"{"success":true,"data":null}"#);
    }
    assert_eq!(receiver.market.wake.take(), [Queue::Payments, Queue::Payments]);
    assert_eq!(pending(&receiver).await, 1);
    receiver.market.credit_topups().run_once().await.unwrap();
    assert_eq!(receiver.market.wallet().await.unwrap().0, 1_000 + AMOUNT);
}

#[tokio::test]
async fn what_concerns_something_else_is_acknowledged() {
    let receiver = Receiver::new().await;
    let body = receiver.market.gateway.body(None);
    let answer = notify(&receiver, body, Some(FakeGateway::SIGNATURE)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(pending(&receiver).await, 0);
}

#[tokio::test]
async fn a_bad_signature_is_refused_for_good() {
    let receiver = Receiver::new().await;
    let topup = started(&receiver).await;
    for (signature, outcome) in [(None, "malformed"), (Some("forged"), "mismatch")] {
        let before = count("payment_callbacks_total", &["stripe", outcome]);
        let body = receiver.market.gateway.body(Some(paid(&topup)));
        let answer = notify(&receiver, body, signature).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains(r#""code":"VALIDATION_ERROR""#));
        assert_eq!(count("payment_callbacks_total", &["stripe", outcome]), before + 1);
    }
    let unknown = notify(&receiver, b"not sent by it".to_vec(), Some(FakeGateway::SIGNATURE)).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert_eq!(pending(&receiver).await, 0);
}

#[tokio::test]
async fn a_dead_database_makes_the_gateway_try_again() {
    let receiver = Receiver::new().await;
    let topup = started(&receiver).await;
    let body = receiver.market.gateway.body(Some(paid(&topup)));
    receiver.market.chaos.strike_next("store_payment", Moment::Before, Blow::Fail);
    let answer = notify(&receiver, body.clone(), Some(FakeGateway::SIGNATURE)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let answer = notify(&receiver, body, Some(FakeGateway::SIGNATURE)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(pending(&receiver).await, 1);
}

#[tokio::test]
async fn without_a_gateway_there_is_no_such_path() {
    let receiver = Receiver::with(Callbacks::default(), false).await;
    assert_eq!(receiver.post("/stripe", "{}").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_posts_are_taken() {
    let receiver = Receiver::new().await;
    assert_eq!(receiver.get("/stripe").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// How many notifications wait to be acted on.
async fn pending(receiver: &Receiver) -> i64 {
    PaymentInbox::backlog(&receiver.market.store).await.unwrap().0
}
