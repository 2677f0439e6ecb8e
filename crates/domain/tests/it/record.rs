//! Taking in notifications of gateways.

use domain::{
    fault::{Code, Fault},
    gateways::{Payment, PaymentKind, VerifyError},
    ledger::Gateway,
    money::Amount,
    outbox::Queue,
    topups::{PaymentInbox, record::RecordError},
};
use testkit::{Blow, FakeGateway, Market, Moment, Outcome};

fn payment() -> Payment {
    Payment {
        gateway: Gateway::Stripe,
        event_id: "evt_1".to_owned(),
        payment_id: "pay_1".to_owned(),
        topup: None,
        kind: PaymentKind::Paid,
        amount: Amount::new(50_000),
    }
}

async fn record(market: &Market, signature: Option<&str>, raw: &[u8]) -> Result<(), RecordError> {
    let headers = |name: &str| signature.filter(|_| name == FakeGateway::HEADER).map(str::to_owned);
    market.record_payment().execute(&headers, raw).await
}

async fn pending(market: &Market) -> Outcome<i64> {
    Ok(PaymentInbox::backlog(&market.store).await?.0)
}

#[tokio::test]
async fn stores_a_signed_notification_once_and_wakes_the_worker() -> Outcome {
    let market = Market::new().await?;
    let raw = market.gateway.body(Some(payment()));
    for _ in 0..2 {
        record(&market, Some(FakeGateway::SIGNATURE), &raw).await?;
        assert_eq!(market.wake.take(), [Queue::Payments]);
        assert_eq!(pending(&market).await?, 1);
    }
    Ok(())
}

#[tokio::test]
async fn stores_nothing_that_is_not_signed_or_not_readable() -> Outcome {
    let market = Market::new().await?;
    let raw = market.gateway.body(Some(payment()));
    for (signature, raw, expected) in [
        (None, raw.as_slice(), VerifyError::Malformed),
        (Some("forged"), raw.as_slice(), VerifyError::Mismatch),
        (Some(FakeGateway::SIGNATURE), b"something else".as_slice(), VerifyError::Unreadable),
        (Some(FakeGateway::SIGNATURE), b"\xff".as_slice(), VerifyError::Unreadable),
    ] {
        let error = record(&market, signature, raw).await.unwrap_err();
        assert!(matches!(error, RecordError::Verify(why) if why == expected), "{error}");
        assert_eq!(error.code(), Code::ValidationError);
    }
    assert_eq!((pending(&market).await?, market.wake.take()), (0, Vec::new()));
    Ok(())
}

#[tokio::test]
async fn accepts_what_is_no_business_of_ours_without_storing_it() -> Outcome {
    let market = Market::new().await?;
    let raw = market.gateway.body(None);
    record(&market, Some(FakeGateway::SIGNATURE), &raw).await?;
    assert_eq!((pending(&market).await?, market.wake.take()), (0, Vec::new()));
    Ok(())
}

#[tokio::test]
async fn lets_the_gateway_try_again_when_storage_fails() -> Outcome {
    let market = Market::new().await?;
    let raw = market.gateway.body(Some(payment()));
    for moment in [Moment::Before, Moment::After] {
        market.chaos.strike_next("store_payment", moment, Blow::Fail);
        let error = record(&market, Some(FakeGateway::SIGNATURE), &raw).await.unwrap_err();
        assert_eq!(error.code(), Code::ServiceUnavailable);
        assert_eq!(market.wake.take(), []);
    }
    record(&market, Some(FakeGateway::SIGNATURE), &raw).await?;
    assert_eq!(pending(&market).await?, 1);
    Ok(())
}
