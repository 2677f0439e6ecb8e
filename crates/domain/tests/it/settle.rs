//! Finishing purchases whose outcome nobody heard.

mod matching;
mod orphans;

use domain::{
    ids::ExternalId,
    money::Cost,
    orders::{Order, OrderState, Status},
    outbox::{EventKind, Queue},
    providers::{AcquireRequest, ActiveActivation, ProviderError, Refusal},
};
use testkit::{Blow, Call, Market, Moment, Outcome, Sale};

use crate::support::stop_after;

/// What a number costs us that nobody asked for.
const ORPHAN_COST: i64 = 4_000;

/// A purchase whose answer never came, at the cheap provider.
async fn lose(market: &Market, sale: Sale) -> Outcome<Order> {
    market.cheap.adapter.then_sale(sale);
    assert!(market.buy().await.is_err());
    let orders = market.store.all_orders().await;
    Ok(orders.into_iter().next_back().ok_or("an order")?)
}

async fn settle(market: &Market, seconds: u64) -> Outcome<usize> {
    market.clock.advance_seconds(seconds);
    Ok(market.settle_reserving().run_once().await?.orders)
}

async fn status(market: &Market, order: &Order) -> Outcome<Status> {
    Ok(market.order(order).await?.status())
}

fn listed(market: &Market) -> Outcome<ActiveActivation> {
    let sold = market.cheap.adapter.sold().pop().ok_or("a number")?;
    let country = Some(sold.country);
    Ok(ActiveActivation { activation: sold.activation, service: sold.service, country })
}

/// A number at the cheap provider that no order knows of.
fn orphan(market: &Market) -> Outcome<ExternalId> {
    let request = AcquireRequest {
        service: "wa".to_owned(),
        country: "6".to_owned(),
        max_cost: Cost::from_micros(ORPHAN_COST).ok_or("a cost")?,
    };
    let sold = market.cheap.adapter.sell_unasked(&request).ok_or("a number")?;
    Ok(sold.external_id)
}

fn cancels(market: &Market) -> usize {
    let calls = market.cheap.adapter.calls();
    calls.iter().filter(|call| matches!(call, Call::Cancel(_))).count()
}

#[tokio::test]
async fn adopts_a_number_whose_sale_was_not_heard() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = lose(&market, Sale::AnswerLost).await?;
    market.wake.take();
    assert_eq!(settle(&market, 31).await?, 1);
    let adopted = market.order(&order).await?;
    assert_eq!((adopted.status(), adopted.upstream_open), (Status::Active, true));
    let lease = adopted.lease().ok_or("a number")?;
    assert_eq!(lease.external_id, market.cheap.adapter.sold()[0].activation.external_id);
    assert_eq!(lease.expires_at, order.created_at + Market::TERMS.lifetime);
    assert_eq!(lease.cancel_from, order.created_at + Market::TERMS.minimum_cancel);
    assert_eq!(market.wallet().await?, (70, 30));
    assert_eq!(market.events(&order).await?, [EventKind::OrderActive]);
    assert_eq!(market.wake.take(), [Queue::Events]);
    market.sms(&adopted, "1234")?;
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    assert_eq!(market.wallet().await?, (70, 0));
    Ok(())
}

#[tokio::test]
async fn returns_the_money_when_nothing_was_sold() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = lose(&market, Sale::RequestLost).await?;
    assert_eq!(settle(&market, 31).await?, 1);
    assert_eq!(status(&market, &order).await?, Status::Failed);
    assert_eq!(market.wallet().await?, (100, 0));
    assert_eq!(market.events(&order).await?, []);
    assert_eq!(settle(&market, 31).await?, 0);
    market.check_books().await
}

#[tokio::test]
async fn leaves_a_young_purchase_alone() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = lose(&market, Sale::AnswerLost).await?;
    assert_eq!(settle(&market, 30).await?, 0);
    assert_eq!(status(&market, &order).await?, Status::Reserving);
    Ok(())
}

#[tokio::test]
async fn counts_patience_from_the_last_attempt() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let place = market.place_orders();
    market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
    market.dear.adapter.then_sale(Sale::RequestLost);
    let rest = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    market.clock.advance_seconds(20);
    assert!(rest.await.is_err());
    assert_eq!(settle(&market, 20).await?, 0);
    assert_eq!(market.wallet().await?, (50, 50));
    assert_eq!(settle(&market, 11).await?, 1);
    assert_eq!(market.wallet().await?, (100, 0));
    market.check_books().await
}

#[tokio::test]
async fn waits_for_a_provider_that_does_not_list_now() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = lose(&market, Sale::AnswerLost).await?;
    market.cheap.adapter.then_listing(Err(ProviderError::Unavailable("timeout")));
    assert_eq!(settle(&market, 31).await?, 0);
    assert_eq!(market.wallet().await?, (70, 30));
    assert_eq!(settle(&market, 1).await?, 1);
    assert_eq!(status(&market, &order).await?, Status::Active);
    Ok(())
}

#[tokio::test]
async fn outwaits_the_whole_life_of_a_number_where_there_is_no_list() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    market.cheap.adapter.lists_nothing();
    let order = lose(&market, Sale::RequestLost).await?;
    assert_eq!(settle(&market, 31).await?, 0);
    // Two minutes of life and half a minute of patience, of which 31 seconds are over.
    assert_eq!(settle(&market, 119).await?, 0);
    assert_eq!(status(&market, &order).await?, Status::Reserving);
    assert_eq!(settle(&market, 1).await?, 1);
    assert_eq!(status(&market, &order).await?, Status::Failed);
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}

#[tokio::test]
async fn does_not_hold_money_for_ever_at_a_provider_that_never_answers() -> Outcome {
    for gone in [true, false] {
        let market = Market::new().await?.funded(100).await?;
        let order = lose(&market, Sale::AnswerLost).await?;
        for _ in 0..2 {
            market.cheap.adapter.then_listing(Err(ProviderError::Refused("key")));
        }
        if gone {
            market.registry.remove(market.cheap.id);
        }
        // Two minutes of life and half a minute of patience.
        assert_eq!(settle(&market, 150).await?, 0);
        assert_eq!(status(&market, &order).await?, Status::Reserving);
        assert_eq!(settle(&market, 1).await?, 1);
        assert_eq!(status(&market, &order).await?, Status::Failed);
        assert_eq!(market.wallet().await?, (100, 0));
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_failing_provider_does_not_hold_up_the_other() -> Outcome {
    let market = Market::new().await?.funded(200).await?;
    lose(&market, Sale::RequestLost).await?;
    market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
    market.dear.adapter.then_sale(Sale::RequestLost);
    assert!(market.buy().await.is_err());
    assert_eq!(market.wallet().await?, (120, 80));
    market.chaos.strike_next("in_flight", Moment::Before, Blow::Fail);
    assert_eq!(settle(&market, 31).await?, 1);
    assert_eq!(settle(&market, 0).await?, 1);
    assert_eq!(market.wallet().await?, (200, 0));
    market.check_books().await
}

#[tokio::test]
async fn two_at_once_settle_each_order_once() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = lose(&market, Sale::AnswerLost).await?;
    market.clock.advance_seconds(31);
    let (one, other) = (market.settle_reserving(), market.settle_reserving());
    let rest = stop_after(&market, "known", one.run_once()).await?;
    assert_eq!(other.run_once().await?.orders, 1);
    assert_eq!(rest.await?.orders, 0);
    let stored = market.order(&order).await?;
    assert!(matches!(stored.state, OrderState::Active { .. }));
    assert_eq!(market.events(&order).await?, [EventKind::OrderActive]);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn leaves_an_order_alone_that_moved_on_to_the_next_offer() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let (place, reconciler) = (market.place_orders(), market.settle_reserving());
    market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
    let purchase = place.execute(market.command(1, None));
    let purchase = stop_after(&market, "acquire", purchase).await?;
    market.clock.advance_seconds(31);
    let settling = stop_after(&market, "active", reconciler.run_once()).await?;
    let purchase = stop_after(&market, "commit", purchase).await?;
    assert_eq!(settling.await?.orders, 0);
    let placed = purchase.await?;
    assert_eq!(placed.orders.len(), 1);
    assert_eq!(market.wallet().await?, (50, 50));
    market.check_books().await
}

#[tokio::test]
async fn runs_a_unit_that_lost_a_race_again() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    lose(&market, Sale::RequestLost).await?;
    lose(&market, Sale::AnswerLost).await?;
    for method in ["lock", "commit", "activate_orphan"] {
        market.chaos.strike_next(method, Moment::Before, Blow::Contend);
    }
    assert_eq!(settle(&market, 31).await?, 2);
    assert!(!market.chaos.is_pending());
    market.check_books().await
}
