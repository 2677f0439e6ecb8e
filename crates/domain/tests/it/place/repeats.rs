//! Requests that come again.

use std::time::Duration;

use domain::{
    fault::{Code, Fault},
    orders::{FailReason, ReserveError, Status, place::PlaceError},
    providers::{ProviderDirectory, Refusal},
};
use testkit::{Blow, Call, Finish, Market, Moment, Outcome, Sale, until_crash};

use super::only;
use crate::support::stop_after;

#[tokio::test]
async fn replays_an_equal_request() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let command = market.command(2, Some("key-1"));
    let first = market.place_orders().execute(command.clone()).await?;
    let mut again = market.place_orders().execute(command.clone()).await?;
    again.orders.sort_by_key(|view| view.order.id);
    assert_eq!(again, first);
    assert_eq!(market.cheap.adapter.calls(), [Call::Acquire, Call::Acquire]);
    assert_eq!(market.wallet().await?, (40, 60));
    for code in ["cheap", "dear"] {
        market.store.set_enabled(code, false).await?;
    }
    let without_offers = market.place_orders().execute(command).await?;
    assert_eq!(without_offers.orders.len(), 2);
    Ok(())
}

#[tokio::test]
async fn replays_orders_that_are_over() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let command = market.command(1, Some("key-1"));
    let order = only(market.place_orders().execute(command.clone()).await?)?;
    market.settle_down().await?;
    let again = only(market.place_orders().execute(command).await?)?;
    assert_eq!((again.id, again.status()), (order.id, Status::Expired));
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}

#[tokio::test]
async fn replays_a_failure_with_its_reason() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    for seller in [&market.cheap, &market.dear] {
        seller.adapter.then_sale(Sale::Refused(Refusal::Mapping));
    }
    for _ in 0..2 {
        let command = market.command(1, Some("key-1"));
        let error = market.place_orders().execute(command).await.unwrap_err();
        assert!(matches!(error, PlaceError::Failed(FailReason::Provider)), "{error}");
    }
    assert_eq!(market.cheap.adapter.calls(), [Call::Acquire]);
    Ok(())
}

#[tokio::test]
async fn refuses_a_key_of_another_request() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    market.place_orders().execute(market.command(1, Some("key-1"))).await?;
    let error = market.place_orders().execute(market.command(2, Some("key-1"))).await.unwrap_err();
    assert!(matches!(error, PlaceError::Reserve(ReserveError::KeyReused)), "{error}");
    assert_eq!(error.code(), Code::IdempotencyKeyReused);
    for code in ["cheap", "dear"] {
        market.store.set_enabled(code, false).await?;
    }
    let error = market.place_orders().execute(market.command(2, Some("key-1"))).await.unwrap_err();
    assert_eq!(error.code(), Code::IdempotencyKeyReused);
    Ok(())
}

#[tokio::test]
async fn tells_a_repeat_to_wait_while_the_first_request_runs() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let command = market.command(1, Some("key-1"));
    let place = market.place_orders();
    let first = stop_after(&market, "acquire", place.execute(command.clone())).await?;
    let error = place.execute(command.clone()).await.unwrap_err();
    assert!(matches!(error, PlaceError::InProgress), "{error}");
    assert_eq!(error.code(), Code::RequestInProgress);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    let order = only(first.await?)?;
    assert_eq!(only(place.execute(command).await?)?, order);
    Ok(())
}

#[tokio::test]
async fn replays_what_became_of_a_crashed_request() -> Outcome {
    for (moment, status) in [(Moment::Before, Status::Failed), (Moment::After, Status::Active)] {
        let market = Market::new().await?.funded(100).await?;
        let command = market.command(1, Some("key-1"));
        let place = market.place_orders();
        market.chaos.strike_next("acquire", moment, Blow::Crash);
        let crashed = until_crash(&market.chaos, place.execute(command.clone())).await;
        assert!(matches!(crashed, Finish::Crashed));
        market.chaos.calm();
        assert!(matches!(place.execute(command.clone()).await, Err(PlaceError::InProgress)));
        market.clock.advance_seconds(31);
        market.settle_reserving().run_once().await?;
        match (place.execute(command).await, status) {
            (Ok(placed), Status::Active) => assert_eq!(only(placed)?.status(), status),
            (Err(PlaceError::Failed(FailReason::Unsettled)), Status::Failed) => {}
            (other, _) => return Err(format!("{moment:?}: {other:?}").into()),
        }
        assert_eq!(market.cheap.adapter.calls().iter().filter(|c| **c == Call::Acquire).count(), {
            usize::from(moment == Moment::After)
        });
    }
    Ok(())
}
