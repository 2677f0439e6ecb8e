//! Who meets whom while numbers are bought.

use domain::{
    fault::{Code, Fault},
    orders::{ReserveError, Status, place::PlaceError},
    providers::{Listing, ProviderDirectory, Refusal},
    store::StoreError,
};
use testkit::{Blow, Call, Market, Moment, Outcome, Sale};

use super::{buy, only};
use crate::support::stop_after;

#[tokio::test]
async fn asks_nobody_for_an_order_that_it_slept_over() -> Outcome {
    for (slept, asked) in [(4, &[Call::Acquire][..]), (5, &[])] {
        let market = Market::new().await?.funded(100).await?;
        let place = market.place_orders();
        let rest = stop_after(&market, "reserve", place.execute(market.command(1, None))).await?;
        market.clock.advance_seconds(slept);
        let order = only(rest.await?)?;
        assert_eq!(market.cheap.adapter.calls(), asked, "after {slept} s");
        // The next one is asked under a claim of that very moment.
        let seller = if asked.is_empty() { &market.dear } else { &market.cheap };
        assert_eq!(order.quote.provider, seller.id);
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn gives_a_number_back_that_comes_after_the_reconciler() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let place = market.place_orders();
    // The provider lists the number only after its answer is under way.
    market.cheap.adapter.then_listing(Ok(Listing::Complete(Vec::new())));
    let rest = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    market.clock.advance_seconds(31);
    assert_eq!(market.settle_reserving().run_once().await?.orders, 1);
    assert_eq!(market.wallet().await?, (100, 0));
    assert!(matches!(rest.await, Err(PlaceError::Unknown)));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    assert!(market.cheap.adapter.sold()[0].canceled);
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}

#[tokio::test]
async fn stops_when_the_reconciler_ends_the_order_between_two_offers() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let place = market.place_orders();
    market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
    let rest = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    market.clock.advance_seconds(31);
    assert_eq!(market.settle_reserving().run_once().await?.orders, 1);
    assert!(matches!(rest.await, Err(PlaceError::Unknown)));
    assert_eq!(market.dear.adapter.calls(), [Call::Active]);
    assert_eq!(market.wallet().await?, (100, 0));
    market.check_books().await
}

#[tokio::test]
async fn never_gives_one_number_to_two_orders() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let first = market.buy().await?;
    let id = first.lease().ok_or("a number")?.external_id.clone();
    market.cheap.adapter.then_sale(Sale::SoldTwice(id));
    assert!(matches!(buy(&market).await, Err(PlaceError::Unknown)));
    assert_eq!(market.wallet().await?, (40, 60));
    market.clock.advance_seconds(31);
    market.settle_reserving().run_once().await?;
    assert_eq!(market.wallet().await?, (70, 30));
    assert_eq!(market.order(&first).await?.status(), Status::Active);
    market.check_books().await
}

#[tokio::test]
async fn asks_the_next_provider_when_one_is_not_to_be_found() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    market.chaos.strike_next("registry", Moment::Before, Blow::Fail);
    assert_eq!(only(buy(&market).await?)?.quote.provider, market.dear.id);
    let market = Market::new().await?.funded(100).await?;
    market.registry.remove(market.cheap.id);
    assert_eq!(only(buy(&market).await?)?.quote.provider, market.dear.id);
    market.check_books().await
}

#[tokio::test]
async fn runs_units_that_lost_a_race_again() -> Outcome {
    for method in ["reserve", "activate", "commit", "post"] {
        let market = Market::new().await?.funded(100).await?;
        market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
        for _ in 0..3 {
            market.chaos.strike_next(method, Moment::Before, Blow::Contend);
        }
        only(buy(&market).await?)?;
        assert!(!market.chaos.is_pending());
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn gives_up_after_losing_too_many_races() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    for _ in 0..4 {
        market.chaos.strike_next("reserve", Moment::Before, Blow::Contend);
    }
    let error = buy(&market).await.unwrap_err();
    let lost = PlaceError::Reserve(ReserveError::Store(StoreError::Contention));
    assert_eq!(error.to_string(), lost.to_string());
    assert_eq!(error.code(), Code::ServiceUnavailable);
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}

#[tokio::test]
async fn leaves_to_the_reconciler_what_could_not_be_stored() -> Outcome {
    for (method, refusals) in [("activate", 0), ("commit", 1), ("commit", 2), ("begin", 1)] {
        for moment in [Moment::Before, Moment::After] {
            let market = Market::new().await?.funded(100).await?;
            market.store.set_enabled("dear", refusals < 2).await?;
            for _ in 0..refusals {
                market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
            }
            market.chaos.strike_next(method, moment, Blow::Fail);
            let error = buy(&market).await.unwrap_err();
            assert!(matches!(error, PlaceError::Unknown), "{method} {moment:?}: {error}");
            market.settle_down().await?;
            assert_eq!(market.check_story().await?, 0, "{method} {moment:?}");
            assert_eq!(market.wallet().await?, (100, 0), "{method} {moment:?}");
        }
    }
    Ok(())
}
