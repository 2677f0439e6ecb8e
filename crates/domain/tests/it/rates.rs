//! What a dollar costs.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    money::Amount,
    rates::{
        CurrentRate, ExchangeRate, IdrPerUsd, Rate, RateBook, RateError, RateSource, RefreshError,
        RefreshRate,
    },
    time::{Clock, Timestamp},
};
use testkit::{Market, Outcome};

const HOUR: Duration = Duration::from_hours(1);

/// A source that always says the same.
struct Says(Result<(i64, Timestamp), RateError>);

#[async_trait]
impl RateSource for Says {
    async fn fetch(&self) -> Result<(IdrPerUsd, Timestamp), RateError> {
        let (rupiah, made) = self.0.clone()?;
        Ok((IdrPerUsd::new(rupiah).ok_or(RateError::Absurd("out of range"))?, made))
    }
}

async fn refresh(
    market: &Market,
    says: Result<(i64, Timestamp), RateError>,
) -> Result<IdrPerUsd, RefreshError> {
    let (book, clock) = (Arc::new(market.store.clone()), Arc::clone(&market.clock) as _);
    RefreshRate::new(Arc::new(Says(says)), book, clock, Market::FIXED_RATE).run_once().await
}

async fn current(market: &Market) -> Outcome<i64> {
    let rate = market.current_rate().current().await?.ok_or("a rate")?;
    Ok(rate.idr_per_usd.get())
}

#[tokio::test]
async fn calculates_with_the_newest_rate_while_it_is_fresh() -> Outcome {
    let market = Market::new().await?;
    assert_eq!(current(&market).await?, 10_000, "the fixed rate");
    refresh(&market, Ok((10_500, market.clock.now()))).await?;
    assert_eq!(current(&market).await?, 10_500);
    market.clock.advance(24 * HOUR);
    assert_eq!(current(&market).await?, 10_500);
    market.clock.advance(Duration::from_secs(1));
    assert_eq!(current(&market).await?, 10_000);
    Ok(())
}

#[tokio::test]
async fn says_how_old_the_rate_is_and_may_have_none() -> Outcome {
    let market = Market::new().await?;
    let strict = CurrentRate::new(
        Arc::new(market.store.clone()),
        Arc::clone(&market.clock) as _,
        None,
        24 * HOUR,
    );
    assert_eq!(strict.current().await?, None, "nothing is remembered");
    let fixed = Rate { idr_per_usd: Market::FIXED_RATE, as_of: None };
    assert_eq!(market.current_rate().current().await?, Some(fixed));

    let made = market.clock.now();
    let idr_per_usd = refresh(&market, Ok((10_500, made))).await?;
    let fresh = Some(Rate { idr_per_usd, as_of: Some(made) });
    assert_eq!(strict.current().await?, fresh);
    assert_eq!(market.current_rate().current().await?, fresh);

    market.clock.advance(25 * HOUR);
    assert_eq!(strict.current().await?, None, "it is too old");
    Ok(())
}

#[tokio::test]
async fn believes_no_jumps() -> Outcome {
    let market = Market::new().await?;
    let now = market.clock.now();
    for first in [6_999, 13_100] {
        let error = refresh(&market, Ok((first, now))).await.unwrap_err();
        assert!(matches!(error, RefreshError::Rate(RateError::Absurd(_))), "{first}");
    }
    refresh(&market, Ok((12_500, now))).await?;
    market.clock.advance(HOUR);
    let now = market.clock.now();
    for next in [11_000, 14_000] {
        assert!(refresh(&market, Ok((next, now))).await.is_err(), "{next}");
    }
    refresh(&market, Ok((11_500, now))).await?;
    assert_eq!(current(&market).await?, 11_500);
    // After a long silence the operator's rate is what a new one must be close to.
    market.clock.advance(4 * 24 * HOUR);
    refresh(&market, Ok((9_000, market.clock.now()))).await?;
    assert_eq!(current(&market).await?, 9_000);
    Ok(())
}

#[tokio::test]
async fn believes_nothing_from_the_future() -> Outcome {
    let market = Market::new().await?;
    let error = refresh(&market, Ok((10_000, market.clock.now() + 25 * HOUR))).await.unwrap_err();
    assert!(matches!(error, RefreshError::Rate(RateError::Absurd(_))));
    Ok(())
}

#[tokio::test]
async fn keeps_the_rate_while_its_source_is_away() -> Outcome {
    let market = Market::new().await?;
    refresh(&market, Ok((10_100, market.clock.now()))).await?;
    let away = refresh(&market, Err(RateError::Unavailable("timeout"))).await.unwrap_err();
    assert!(matches!(away, RefreshError::Rate(RateError::Unavailable(_))));
    // A source that repeats an old rate changes nothing.
    refresh(&market, Ok((10_050, market.clock.now() - HOUR))).await?;
    assert_eq!(current(&market).await?, 10_100);
    let newest = market.store.newest_rate().await?;
    assert_eq!(newest.map(|(rate, _)| rate.get()), Some(10_100));
    Ok(())
}

#[test]
fn rounds_a_price_in_dollars_up_to_the_cent() {
    let cents = |rupiah: i64, amount: i64| {
        let price = IdrPerUsd::new(rupiah)?.cents_for(Amount::new(amount)?)?;
        Some(price.get())
    };
    assert_eq!(cents(16_000, 16_000), Some(1_000_000));
    assert_eq!(cents(16_000, 16_001), Some(1_010_000));
    assert_eq!(cents(16_000, 1), Some(10_000));
    assert_eq!(cents(16_123, 50_000), Some(3_110_000));
    assert_eq!(cents(1_000_000, Amount::MAX), Some(1_000_000_000_000_000));
    assert_eq!(cents(1_000, Amount::MAX), None, "leaves the range of an amount");
    for nonsense in [-1, 0, 999, 1_000_001] {
        assert_eq!(IdrPerUsd::new(nonsense), None);
    }
}
