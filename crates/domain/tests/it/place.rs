//! Buying numbers.

mod races;
mod repeats;

use std::time::Duration;

use domain::{
    fault::{Code, Fault},
    ids::OrderId,
    money::Cost,
    orders::{
        FailReason, Order, OrderState, OrderView, ReserveError, Status,
        place::{PlaceError, Placed},
    },
    outbox::{EventKind, Queue},
    providers::{Listing, ProviderDirectory, ProviderError, Refusal},
};
use testkit::{Blow, Call, Market, Moment, Outcome, Sale};

async fn buy(market: &Market) -> Result<Placed, PlaceError> {
    market.place_orders().execute(market.command(1, None)).await
}

fn only(placed: Placed) -> Outcome<Order> {
    let [view]: [OrderView; 1] = placed.orders.try_into().map_err(|_| "one order")?;
    Ok(view.order)
}

fn every_refusal() -> Vec<Refusal> {
    vec![
        Refusal::OutOfStock,
        Refusal::PriceTooLow { minimum: None },
        Refusal::UpstreamBalance,
        Refusal::UpstreamBlocked { until: None },
        Refusal::UpstreamAuth,
        Refusal::Mapping,
        Refusal::Transient,
        Refusal::Rejected,
        Refusal::NotAsked("too many calls in flight"),
    ]
}

#[tokio::test]
async fn buys_the_cheapest_number() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let placed = buy(&market).await?;
    assert_eq!(placed.failed, 0);
    let order = only(placed)?;
    assert_eq!((order.status(), order.price.get()), (Status::Active, 30));
    assert_eq!(order.quote.provider, market.cheap.id);
    assert_eq!(market.order(&order).await?, order);
    let lease = order.lease().ok_or("a number")?;
    assert_eq!(lease.expires_at, lease.activated_at + Market::TERMS.lifetime);
    assert_eq!(lease.cancel_from, lease.activated_at + Market::TERMS.minimum_cancel);
    assert_eq!(market.wallet().await?, (70, 30));
    assert_eq!(market.events(&order).await?, [EventKind::OrderActive]);
    assert_eq!(market.wake.take(), [Queue::Events]);
    assert_eq!(market.cheap.adapter.calls(), [Call::Acquire]);
    assert_eq!(market.dear.adapter.calls(), []);
    market.check_books().await
}

#[tokio::test]
async fn books_what_the_provider_really_charges() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let real = Cost::from_micros(2_900).ok_or("a cost")?;
    market.cheap.adapter.then_sale(Sale::SoldFor(real));
    let order = market.buy().await?;
    assert_eq!((order.quote.cost, order.price.get()), (real, 30));
    market.sms(&order, "1234")?;
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn asks_the_preferred_provider_first() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let mut command = market.command(1, None);
    command.prefer = Some("DEAR".to_owned());
    let order = only(market.place_orders().execute(command).await?)?;
    assert_eq!((order.quote.provider, order.price.get()), (market.dear.id, 50));
    assert_eq!(market.cheap.adapter.calls(), []);
    Ok(())
}

#[tokio::test]
async fn asks_the_next_provider_after_every_definite_no() -> Outcome {
    for refusal in every_refusal() {
        let market = Market::new().await?.funded(100).await?;
        market.cheap.adapter.then_sale(Sale::Refused(refusal.clone()));
        let order = only(buy(&market).await?)?;
        assert_eq!(order.quote.provider, market.dear.id, "{refusal}");
        assert_eq!((order.attempt, order.price.get()), (2, 50));
        assert_eq!(market.wallet().await?, (50, 50));
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn returns_the_money_when_nobody_sells() -> Outcome {
    for refusal in every_refusal() {
        let market = Market::new().await?.funded(100).await?;
        for seller in [&market.cheap, &market.dear] {
            seller.adapter.then_sale(Sale::Refused(refusal.clone()));
        }
        let error = buy(&market).await.unwrap_err();
        let expected = match refusal {
            Refusal::OutOfStock | Refusal::PriceTooLow { .. } => FailReason::NoOffer,
            _ => FailReason::Provider,
        };
        assert!(matches!(error, PlaceError::Failed(reason) if reason == expected), "{refusal}");
        assert_eq!(error.code(), expected.code());
        assert_eq!(market.wallet().await?, (100, 0));
        let orders = market.store.all_orders().await;
        assert!(matches!(orders[..], [Order { state: OrderState::Failed { .. }, .. }]));
        assert_eq!(market.events(&orders[0]).await?, []);
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn stops_when_the_next_offer_is_dearer_than_the_wallet() -> Outcome {
    let market = Market::new().await?.funded(Market::DEAR_PRICE - 1).await?;
    market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
    let error = buy(&market).await.unwrap_err();
    assert!(matches!(error, PlaceError::Failed(FailReason::Balance)), "{error}");
    assert_eq!(error.code(), Code::InsufficientBalance);
    assert_eq!(market.wallet().await?, (Market::DEAR_PRICE - 1, 0));
    assert_eq!(market.dear.adapter.calls(), []);
    market.check_books().await
}

#[tokio::test]
async fn spends_the_last_rupiah_on_the_next_offer() -> Outcome {
    let market = Market::new().await?.funded(Market::DEAR_PRICE).await?;
    market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
    only(buy(&market).await?)?;
    assert_eq!(market.wallet().await?, (0, Market::DEAR_PRICE));
    market.check_books().await
}

#[tokio::test]
async fn refuses_an_empty_wallet_before_asking_anybody() -> Outcome {
    let market = Market::new().await?.funded(Market::PRICE - 1).await?;
    let error = buy(&market).await.unwrap_err();
    assert!(matches!(error, PlaceError::Reserve(ReserveError::InsufficientFunds)), "{error}");
    assert_eq!(error.code(), Code::InsufficientBalance);
    assert_eq!(market.cheap.adapter.calls(), []);
    assert_eq!(market.store.all_orders().await, []);
    Ok(())
}

#[tokio::test]
async fn refuses_when_nothing_is_on_sale() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    for code in ["cheap", "dear"] {
        market.store.set_enabled(code, false).await?;
    }
    let error = buy(&market).await.unwrap_err();
    assert!(matches!(error, PlaceError::Failed(FailReason::NoOffer)), "{error}");
    assert_eq!(error.code(), Code::NoOfferAvailable);
    let error = market.place_orders().execute(market.command(1, Some("key-1"))).await.unwrap_err();
    assert!(matches!(error, PlaceError::Failed(FailReason::NoOffer)), "{error}");
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}

#[tokio::test]
async fn calls_nothing_failed_that_may_still_come_to_life() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    market.cheap.adapter.then_sale(Sale::Sold);
    market.cheap.adapter.then_sale(Sale::AnswerLost);
    let command = market.command(2, Some("half-known"));
    let first = market.place_orders().execute(command.clone()).await;
    assert!(matches!(first, Err(PlaceError::Unknown)), "{first:?}");
    market.settle_down().await?;
    let placed = market.place_orders().execute(command).await?;
    assert_eq!((placed.orders.len(), placed.failed), (2, 0));
    market.check_books().await
}

#[tokio::test]
async fn keeps_the_hold_when_the_outcome_is_unknown() -> Outcome {
    for sale in [Sale::AnswerLost, Sale::RequestLost, Sale::SoldGarbled] {
        let market = Market::new().await?.funded(100).await?;
        market.cheap.adapter.then_sale(sale.clone());
        let error = buy(&market).await.unwrap_err();
        assert!(matches!(error, PlaceError::Unknown), "{sale:?}: {error}");
        assert_eq!(error.code(), Code::ServiceUnavailable);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
        assert_eq!(market.wallet().await?, (70, 30), "{sale:?}");
        assert_eq!(market.dear.adapter.calls(), [], "{sale:?}");
        market.check_books().await?;
        market.settle_down().await?;
        assert_eq!(market.check_story().await?, 0);
        assert_eq!(market.wallet().await?, (100, 0));
    }
    Ok(())
}

#[tokio::test]
async fn believes_a_garbled_no_once_the_list_confirms_it() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let owned = market.buy().await?;
    market.cheap.adapter.then_sale(Sale::RefusedGarbled);
    let order = only(buy(&market).await?)?;
    assert_eq!((order.quote.provider, order.attempt), (market.dear.id, 2));
    assert_eq!(market.order(&owned).await?.status(), Status::Active);
    market.check_books().await
}

#[tokio::test]
async fn does_not_believe_a_garbled_no_without_a_list() -> Outcome {
    for listing in [
        Ok(Listing::Unsupported),
        Err(ProviderError::Unavailable("timeout")),
        Err(ProviderError::Refused("unknown action")),
    ] {
        let market = Market::new().await?.funded(100).await?;
        market.cheap.adapter.then_sale(Sale::RefusedGarbled).then_listing(listing);
        let error = buy(&market).await.unwrap_err();
        assert!(matches!(error, PlaceError::Unknown), "{error}");
        assert_eq!(market.wallet().await?, (70, 30));
    }
    let market = Market::new().await?.funded(100).await?;
    market.cheap.adapter.then_sale(Sale::RefusedGarbled);
    market.chaos.strike_next("known", Moment::Before, Blow::Fail);
    assert!(matches!(buy(&market).await, Err(PlaceError::Unknown)));
    assert_eq!(market.wallet().await?, (70, 30));
    Ok(())
}

#[tokio::test]
async fn buys_as_many_as_the_wallet_pays() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let placed = market.place_orders().execute(market.command(5, None)).await?;
    assert_eq!((placed.orders.len(), placed.failed), (3, 2));
    assert_eq!(market.wallet().await?, (10, 90));
    market.check_books().await
}

#[tokio::test]
async fn each_of_many_finds_its_own_way() -> Outcome {
    let market = Market::new().await?.funded(200).await?;
    market
        .cheap
        .adapter
        .then_sale(Sale::Refused(Refusal::OutOfStock))
        .then_sale(Sale::AnswerLost)
        .then_sale(Sale::Sold)
        .then_sale(Sale::Refused(Refusal::Transient));
    market.dear.adapter.then_sale(Sale::Sold).then_sale(Sale::Refused(Refusal::OutOfStock));
    let command = market.command(4, Some("four"));
    let first = market.place_orders().execute(command.clone()).await;
    assert!(matches!(first, Err(PlaceError::Unknown)), "{first:?}");
    // The unknown one stays held, the refused one is back.
    assert_eq!(market.wallet().await?, (200 - 30 - 50 - 30, 30 + 50 + 30));
    let again = market.place_orders().execute(command).await;
    assert!(matches!(again, Err(PlaceError::InProgress)), "{again:?}");
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn tells_the_first_reason_when_all_of_many_fail() -> Outcome {
    let market = Market::new().await?.funded(200).await?;
    market.store.set_enabled("dear", false).await?;
    market
        .cheap
        .adapter
        .then_sale(Sale::Refused(Refusal::OutOfStock))
        .then_sale(Sale::Refused(Refusal::Mapping));
    let error = market.place_orders().execute(market.command(2, None)).await.unwrap_err();
    assert!(matches!(error, PlaceError::Failed(FailReason::NoOffer)), "{error}");
    market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock)).then_sale(Sale::AnswerLost);
    let error = market.place_orders().execute(market.command(2, None)).await.unwrap_err();
    assert!(matches!(error, PlaceError::Unknown), "{error}");
    Ok(())
}

#[tokio::test]
async fn shows_nothing_of_an_order_before_it_has_a_number() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    market.cheap.adapter.then_sale(Sale::AnswerLost);
    assert!(buy(&market).await.is_err());
    let orders = domain::orders::OrderQueries::active(&market.store, market.user).await?;
    assert_eq!(orders, []);
    let id = OrderId::new(1);
    assert_eq!(domain::orders::OrderQueries::find(&market.store, market.user, id).await?, None);
    Ok(())
}
