//! Taking in notifications of gateways.

use domain::{
    fault::{Code, Fault},
    gateways::VerifyError,
    tasks::TaskQueue,
    topups::record::RecordError,
};
use testkit::{Blow, FakeGateway, Market, Moment, Outcome};

async fn record(market: &Market, signature: Option<&str>, raw: &[u8]) -> Result<(), RecordError> {
    let headers = |name: &str| signature.filter(|_| name == FakeGateway::HEADER).map(str::to_owned);
    market.record_notice(&market.gateway).execute(&headers, raw).await
}

/// Notifications kept, and payments to be asked about.
async fn kept(market: &Market) -> Outcome<(usize, i64)> {
    let waiting = market.store.stats().await?.iter().map(|stats| stats.waiting).sum();
    Ok((market.store.notices().await.len(), waiting))
}

#[tokio::test]
async fn keeps_a_notification_once_and_wakes_the_worker() -> Outcome {
    let market = Market::new().await?;
    let raw = market.gateway.hint(Some("pay_1"));
    for _ in 0..2 {
        record(&market, Some(FakeGateway::SIGNATURE), &raw).await?;
        assert_eq!(market.wake.take().len(), 1);
        assert_eq!(kept(&market).await?, (1, 1));
    }
    let other = market.gateway.hint(Some("pay_1"));
    record(&market, Some(FakeGateway::SIGNATURE), &other).await?;
    // Two hints at one payment are one question.
    assert_eq!(kept(&market).await?, (2, 1));
    let other = market.gateway.hint(Some("pay_2"));
    record(&market, Some(FakeGateway::SIGNATURE), &other).await?;
    assert_eq!(kept(&market).await?, (3, 2));
    Ok(())
}

#[tokio::test]
async fn keeps_nothing_that_is_not_signed_or_not_readable() -> Outcome {
    let market = Market::new().await?;
    let raw = market.gateway.hint(Some("pay_1"));
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
    assert_eq!((kept(&market).await?, market.wake.take()), ((0, 0), Vec::new()));
    Ok(())
}

#[tokio::test]
async fn accepts_what_is_no_business_of_ours_without_keeping_it() -> Outcome {
    let market = Market::new().await?;
    let raw = market.gateway.hint(None);
    record(&market, Some(FakeGateway::SIGNATURE), &raw).await?;
    assert_eq!((kept(&market).await?, market.wake.take()), ((0, 0), Vec::new()));
    Ok(())
}

#[tokio::test]
async fn lets_the_gateway_try_again_when_storage_fails() -> Outcome {
    let market = Market::new().await?;
    let raw = market.gateway.hint(Some("pay_1"));
    for method in ["begin", "insert_notice", "enqueue", "commit"] {
        for moment in [Moment::Before, Moment::After] {
            market.chaos.strike_next(method, moment, Blow::Fail);
            let error = record(&market, Some(FakeGateway::SIGNATURE), &raw).await.unwrap_err();
            assert_eq!(error.code(), Code::ServiceUnavailable, "{method}");
            assert_eq!(market.wake.take(), []);
        }
    }
    record(&market, Some(FakeGateway::SIGNATURE), &raw).await?;
    assert_eq!(kept(&market).await?, (1, 1));
    Ok(())
}

#[tokio::test]
async fn never_keeps_a_notification_without_its_task() -> Outcome {
    for method in ["insert_notice", "enqueue"] {
        let market = Market::new().await?;
        let raw = market.gateway.hint(Some("pay_1"));
        market.chaos.strike_next(method, Moment::After, Blow::Fail);
        assert!(record(&market, Some(FakeGateway::SIGNATURE), &raw).await.is_err());
        assert_eq!(kept(&market).await?, (0, 0), "{method}");
    }
    Ok(())
}
