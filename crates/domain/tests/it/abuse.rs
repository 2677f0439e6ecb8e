//! Customers who leave too much unused, and what is held against nobody.

use std::time::Duration;

use domain::{
    abuse::{Ban, ConductQueries as _, Measure, Tier, Tripwire},
    fault::{Code, Fault},
    orders::{
        Order, Status,
        cancel::CancelError,
        place::{PlaceError, Placed},
    },
    providers::{CancelOutcome, ProviderDirectory as _, ProviderError, Refusal},
    time::Clock as _,
};
use testkit::{Market, Outcome, Sale};

const SOFT: Duration = Duration::from_mins(15);
const HARD: Duration = Duration::from_hours(6);

/// Of three outcomes two thirds without a message ban for a while, of six nine tenths for long.
async fn strict() -> Outcome<Market> {
    let mut market = Market::new().await?.funded(10_000).await?;
    market.guard.soft = Tripwire { outcomes: 3, percent: 66, ban: SOFT };
    market.guard.hard = Tripwire { outcomes: 6, percent: 90, ban: HARD };
    Ok(market)
}

async fn bought(market: &Market, many: usize) -> Outcome<Vec<Order>> {
    let mut orders = Vec::new();
    for _ in 0..many {
        orders.push(market.buy().await?);
    }
    market.clock.advance(Market::TERMS.minimum_cancel);
    Ok(orders)
}

async fn cancel(market: &Market, orders: &[Order]) -> Outcome {
    for order in orders {
        market.cancel_order().execute(market.user, order.id).await?;
    }
    Ok(())
}

async fn try_to_buy(market: &Market) -> Result<Placed, PlaceError> {
    market.place_orders().execute(market.command(1, None)).await
}

async fn ban(market: &Market) -> Outcome<Option<Tier>> {
    let standing = market.store.standing(market.user, market.clock.now()).await?;
    Ok(standing.ban.map(|ban| ban.tier))
}

#[tokio::test]
async fn too_many_cancels_stop_purchases_for_a_short_while() -> Outcome {
    let market = strict().await?;
    let orders = bought(&market, 4).await?;
    cancel(&market, &orders[..2]).await?;
    assert_eq!(ban(&market).await?, None, "two outcomes say nothing");
    cancel(&market, &orders[2..3]).await?;
    let error = try_to_buy(&market).await.unwrap_err();
    let Some(Ban { tier, until, left }) = error.ban() else { return Err(error.into()) };
    assert_eq!((tier, until, left), (Tier::Soft, market.clock.now() + SOFT, SOFT));
    assert_eq!((error.code(), error.retry_after()), (Code::TempBannedAbuseGuard, Some(SOFT)));
    let [measure] = market.store.measures().await.try_into().map_err(|_| "one measure")?;
    assert_eq!(measure.reason, "3 of 3 purchases without a message");
    // What runs goes on, and can be given back.
    cancel(&market, &orders[3..]).await?;
    assert_eq!(market.wallet().await?, (10_000, 0));
    market.clock.advance(SOFT.saturating_sub(Duration::from_micros(1)));
    assert!(try_to_buy(&market).await.is_err());
    market.clock.advance(Duration::from_micros(1));
    try_to_buy(&market).await?;
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn who_goes_on_is_stopped_for_long() -> Outcome {
    let market = strict().await?;
    let orders = bought(&market, 6).await?;
    cancel(&market, &orders[..5]).await?;
    assert_eq!(ban(&market).await?, Some(Tier::Soft));
    cancel(&market, &orders[5..]).await?;
    assert_eq!(ban(&market).await?, Some(Tier::Hard));
    market.clock.advance(HARD);
    assert_eq!(ban(&market).await?, None);
    Ok(())
}

#[tokio::test]
async fn delivered_orders_speak_for_their_customer() -> Outcome {
    let market = strict().await?;
    let orders = bought(&market, 8).await?;
    for order in &orders[..3] {
        market.sms(order, "1234")?;
        market.pull_sms().execute(order).await?;
    }
    cancel(&market, &orders[3..]).await?;
    assert_eq!(ban(&market).await?, None, "five of eight");
    let more = bought(&market, 1).await?;
    cancel(&market, &more).await?;
    assert_eq!(ban(&market).await?, Some(Tier::Soft), "six of nine");
    Ok(())
}

#[tokio::test]
async fn what_is_long_ago_counts_no_more() -> Outcome {
    let mut market = strict().await?;
    market.guard.window = Duration::from_mins(10);
    let early = bought(&market, 2).await?;
    cancel(&market, &early).await?;
    market.clock.advance(Duration::from_mins(10));
    let late = bought(&market, 1).await?;
    cancel(&market, &late).await?;
    assert_eq!(ban(&market).await?, None);
    Ok(())
}

#[tokio::test]
async fn orders_that_expire_count_where_the_provider_answered() -> Outcome {
    let market = strict().await?;
    bought(&market, 3).await?;
    market.clock.advance(Market::TERMS.lifetime);
    market.expire_orders().run_once().await?;
    assert_eq!(ban(&market).await?, Some(Tier::Soft));
    Ok(())
}

#[tokio::test]
async fn what_a_provider_does_wrong_is_held_against_nobody() -> Outcome {
    let market = strict().await?;
    market.store.set_enabled("dear", false).await?;
    // No number, no answer, and a purchase that is settled by giving the money back.
    for refusal in [Refusal::OutOfStock, Refusal::Transient, Refusal::Mapping] {
        market.cheap.adapter.then_sale(Sale::Refused(refusal));
        assert!(try_to_buy(&market).await.is_err());
    }
    market.cheap.adapter.then_sale(Sale::AnswerLost);
    assert!(try_to_buy(&market).await.is_err());
    // Numbers that end at the provider before their time.
    let ended = bought(&market, 3).await?;
    for order in &ended {
        market.cheap.adapter.end(&order.lease().ok_or("a lease")?.external_id);
    }
    market.clock.advance(Duration::from_secs(10));
    market.poll_active().run_once().await?;
    for order in &ended {
        assert_eq!(market.order(order).await?.status(), Status::Canceled);
    }
    // A window that closes while the provider cannot be asked.
    let unasked = bought(&market, 3).await?;
    market.clock.advance(Market::TERMS.lifetime + Duration::from_mins(2));
    for _ in &unasked {
        market.cheap.adapter.then_status(Err(ProviderError::Unavailable("timeout")));
    }
    market.expire_orders().run_once().await?;
    for order in &unasked {
        assert_eq!(market.order(order).await?.status(), Status::Expired);
    }
    // So the next outcomes are the first ones.
    let own = bought(&market, 2).await?;
    cancel(&market, &own).await?;
    assert_eq!(ban(&market).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_lifted_ban_forgives_what_led_to_it() -> Outcome {
    let market = strict().await?;
    let orders = bought(&market, 4).await?;
    cancel(&market, &orders[..3]).await?;
    assert_eq!(ban(&market).await?, Some(Tier::Soft));
    let word = || ("operator".to_owned(), "a provider's outage".to_owned());
    market.clock.advance(Duration::from_secs(1));
    let taken = market.take_measure().execute(market.user, Measure::Unban, word()).await?;
    assert!(taken.is_new && taken.told);
    market.clock.advance(Duration::from_secs(1));
    cancel(&market, &orders[3..]).await?;
    assert_eq!(ban(&market).await?, None, "one outcome since");
    try_to_buy(&market).await?;
    Ok(())
}

#[tokio::test]
async fn beyond_so_many_cancels_a_day_nobody_is_asked_and_the_order_runs_on() -> Outcome {
    let mut market = Market::new().await?.funded(1_000).await?;
    market.guard.cancels_per_day = 2;
    let orders = bought(&market, 3).await?;
    market.cheap.adapter.then_cancel(Ok(CancelOutcome::TooEarly));
    let early = market.cancel_order().execute(market.user, orders[0].id).await.unwrap_err();
    assert_eq!(early.code(), Code::CancelTooEarly);
    cancel(&market, &orders[..2]).await?;
    let before = market.cheap.adapter.calls().len();
    let error = market.cancel_order().execute(market.user, orders[2].id).await.unwrap_err();
    assert!(matches!(error, CancelError::TooMany { most: 2, .. }), "{error}");
    assert_eq!(error.code(), Code::RateLimitExceeded);
    assert_eq!(error.retry_after(), Some(Duration::from_hours(24)));
    assert_eq!(market.cheap.adapter.calls().len(), before);
    assert_eq!(market.order(&orders[2]).await?.status(), Status::Active);
    market.clock.advance(Market::TERMS.lifetime);
    market.expire_orders().run_once().await?;
    assert_eq!(market.order(&orders[2]).await?.status(), Status::Expired);
    assert_eq!(market.wallet().await?, (1_000, 0));
    Ok(())
}
