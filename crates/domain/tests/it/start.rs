//! Starting payments.

use domain::{
    fault::{Code, Fault},
    gateways::GatewayError,
    money::{Amount, Money},
    rates::{IdrPerUsd, RateBook},
    time::Clock,
    topups::{
        Topup, TopupQueries, TopupState,
        start::{StartError, StartTopup},
    },
};
use testkit::{Blow, Market, Moment, Outcome};

use crate::support::stop_after;

const PAID: i64 = 50_000;

fn amount(units: i64) -> Outcome<Amount> {
    Ok(Amount::new(units).ok_or("an amount")?)
}

async fn first(market: &Market) -> Outcome<Topup> {
    Ok(market.store.all_topups().await.into_iter().next().ok_or("no top-up")?)
}

#[tokio::test]
async fn opens_a_page_to_pay_on() -> Outcome {
    let market = Market::new().await?;
    let topup = market.start_topup().execute(market.user, amount(PAID)?).await?;
    let checkout = market.gateway.checkout(topup.id).ok_or("a page")?;
    assert_eq!(topup.checkout_url.as_deref(), Some(checkout.url.as_str()));
    assert_eq!(topup.payment_id, Some(checkout.payment_id));
    assert_eq!((topup.state, topup.user), (TopupState::Pending, market.user));
    assert_eq!(TopupQueries::find(&market.store, topup.id).await?, Some(topup));
    assert_eq!(market.wallet().await?, (0, 0));
    Ok(())
}

#[tokio::test]
async fn keeps_to_its_limits() -> Outcome {
    let market = Market::new().await?;
    let start = market.start_topup();
    for units in [1, StartTopup::MIN_IDR - 1, StartTopup::MAX_IDR + 1] {
        let error = start.execute(market.user, amount(units)?).await.unwrap_err();
        assert!(matches!(error, StartError::Amount), "{units}");
        assert_eq!(error.code(), Code::ValidationError);
    }
    assert_eq!(market.gateway.checkouts(), 0);
    for units in [StartTopup::MIN_IDR, StartTopup::MAX_IDR] {
        start.execute(market.user, amount(units)?).await?;
    }
    assert_eq!(market.gateway.checkouts(), 2);
    Ok(())
}

#[tokio::test]
async fn keeps_the_intent_when_the_gateway_fails() -> Outcome {
    for error in [GatewayError::Unavailable("timeout"), GatewayError::Refused("no such currency")] {
        let market = Market::new().await?;
        market.gateway.then_refuse(error);
        let error = market.start_topup().execute(market.user, amount(PAID)?).await.unwrap_err();
        assert_eq!(error.code(), Code::ServiceUnavailable);
        let topup = first(&market).await?;
        assert_eq!((topup.state, topup.payment_id), (TopupState::Created, None));
    }
    Ok(())
}

#[tokio::test]
async fn recognises_a_payment_whose_page_was_not_heard_of() -> Outcome {
    for method in ["create_checkout", "update_topup", "commit"] {
        let market = Market::new().await?;
        let start = market.start_topup();
        let started = start.execute(market.user, amount(PAID)?);
        let rest = if method == "commit" {
            let rest = stop_after(&market, "create_checkout", started).await?;
            market.chaos.strike_next(method, Moment::Before, Blow::Fail);
            rest
        } else {
            market.chaos.strike_next(method, Moment::After, Blow::Fail);
            Box::pin(started)
        };
        let error = rest.await.unwrap_err();
        assert_eq!(error.code(), Code::ServiceUnavailable, "{method}");
        let topup = first(&market).await?;
        let checkout = market.gateway.checkout(topup.id).ok_or("a page")?;
        market.gateway.pay(&checkout.payment_id);
        market.learn(&market.gateway, &checkout.payment_id, |_| {}).await?;
        assert_eq!(market.wallet().await?, (PAID, 0), "{method}");
        let topup = first(&market).await?;
        assert_eq!((topup.state, topup.payment_id), (TopupState::Paid, Some(checkout.payment_id)));
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn does_not_unpay_what_was_paid_before_the_page_was_stored() -> Outcome {
    let market = Market::new().await?;
    let start = market.start_topup();
    let started = start.execute(market.user, amount(PAID)?);
    let rest = stop_after(&market, "create_checkout", started).await?;
    let topup = first(&market).await?;
    let checkout = market.gateway.checkout(topup.id).ok_or("a page")?;
    market.gateway.pay(&checkout.payment_id);
    market.learn(&market.gateway, &checkout.payment_id, |_| {}).await?;
    let topup = rest.await?;
    assert_eq!((topup.state, topup.checkout_url), (TopupState::Paid, Some(checkout.url)));
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.check_books().await
}

#[tokio::test]
async fn asks_the_gateway_for_nothing_that_is_not_stored() -> Outcome {
    for method in ["begin", "insert_topup", "commit"] {
        let market = Market::new().await?;
        market.chaos.strike_next(method, Moment::Before, Blow::Fail);
        assert!(market.start_topup().execute(market.user, amount(PAID)?).await.is_err());
        assert_eq!(market.gateway.checkouts(), 0, "{method}");
        market.chaos.strike_next(method, Moment::Before, Blow::Contend);
        market.start_topup().execute(market.user, amount(PAID)?).await?;
        assert_eq!(market.gateway.checkouts(), 1, "{method}");
    }
    Ok(())
}

#[tokio::test]
async fn charges_dollars_at_the_rate_of_the_day() -> Outcome {
    let market = Market::new().await?;
    let charged =
        async || -> Outcome<Money> { Ok(market.started(&market.coins, PAID).await?.0.charge) };
    assert_eq!(charged().await?, Money::usd(amount(5_000_000)?), "the fixed rate");
    let rate = IdrPerUsd::new(16_123).ok_or("a rate")?;
    market.store.remember_rate(rate, market.clock.now()).await?;
    // 3.1011… dollars, rounded up to the cent.
    assert_eq!(charged().await?, Money::usd(amount(3_110_000)?));
    market.clock.advance_seconds(24 * 60 * 60 + 1);
    assert_eq!(charged().await?, Money::usd(amount(5_000_000)?), "too old to calculate with");
    Ok(())
}
