//! Finishing purchases whose outcome nobody heard.

use domain::{
    ids::ExternalId,
    money::{Cost, Currency},
    orders::{Order, OrderState, Status},
    outbox::{EventKind, Queue},
    providers::{AcquireRequest, ActiveActivation, Listing, ProviderError, Refusal},
};
use testkit::{Blow, Call, Market, Moment, Outcome, Sale};

use crate::support::stop_after;

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
async fn shares_out_one_number_among_two_purchases() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let first = lose(&market, Sale::RequestLost).await?;
    let second = lose(&market, Sale::AnswerLost).await?;
    assert_eq!(settle(&market, 31).await?, 2);
    // Equal numbers are as good as each other: the older purchase gets it.
    assert_eq!(status(&market, &first).await?, Status::Active);
    assert_eq!(status(&market, &second).await?, Status::Failed);
    assert_eq!(market.wallet().await?, (70, 30));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn leaves_a_number_that_a_purchase_under_way_may_be_waiting_for() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let stuck = lose(&market, Sale::RequestLost).await?;
    market.clock.advance_seconds(31);
    let place = market.place_orders();
    let rest = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    assert_eq!(settle(&market, 0).await?, 0);
    assert_eq!(status(&market, &stuck).await?, Status::Reserving);
    let placed = rest.await?;
    assert_eq!(placed.orders.len(), 1);
    assert_eq!(settle(&market, 0).await?, 1);
    assert_eq!(status(&market, &stuck).await?, Status::Failed);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn takes_no_number_away_from_a_purchase_under_way() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let stuck = lose(&market, Sale::AnswerLost).await?;
    market.clock.advance_seconds(31);
    let place = market.place_orders();
    let rest = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    // Two numbers, and nobody can tell whose is which.
    assert_eq!(settle(&market, 0).await?, 0);
    let placed = rest.await?;
    let bought = placed.orders[0].order.lease().ok_or("a number")?;
    assert_eq!(bought.external_id, market.cheap.adapter.sold()[1].activation.external_id);
    assert_eq!(settle(&market, 0).await?, 1);
    assert_eq!(status(&market, &stuck).await?, Status::Active);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn adopts_what_was_there_before_every_purchase_under_way() -> Outcome {
    let market = Market::new().await?.funded(300).await?;
    let stuck = lose(&market, Sale::AnswerLost).await?;
    market.clock.advance_seconds(31);
    // There is always somebody who may be waiting for the one number in the list.
    lose(&market, Sale::RequestLost).await?;
    assert_eq!(settle(&market, 0).await?, 0);
    for _ in 0..2 {
        market.clock.advance_seconds(16);
        lose(&market, Sale::RequestLost).await?;
    }
    assert!(settle(&market, 0).await? >= 1);
    assert_eq!(status(&market, &stuck).await?, Status::Active);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn does_not_starve_in_a_busy_market() -> Outcome {
    let market = Market::new().await?.funded(900).await?;
    let stuck = lose(&market, Sale::RequestLost).await?;
    market.clock.advance_seconds(31);
    let place = market.place_orders();
    // From now on there is always a number whose purchase is still under way.
    let mut rest = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    assert_eq!(settle(&market, 0).await?, 0);
    let next = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    assert_eq!(std::mem::replace(&mut rest, next).await?.orders.len(), 1);
    assert_eq!(settle(&market, 0).await?, 1);
    assert_eq!(status(&market, &stuck).await?, Status::Failed);
    assert_eq!(rest.await?.orders.len(), 1);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn waits_no_longer_than_the_patience_for_numbers_of_others() -> Outcome {
    let market = Market::new().await?.funded(900).await?;
    let stuck = lose(&market, Sale::RequestLost).await?;
    market.clock.advance_seconds(31);
    // A purchase whose server dies: its number looks like the stuck one's.
    let dies = lose(&market, Sale::AnswerLost).await?;
    for _ in 0..3 {
        assert_eq!(settle(&market, 0).await?, 0);
        lose(&market, Sale::RequestLost).await?;
        market.clock.advance_seconds(10);
    }
    assert!(settle(&market, 1).await? >= 1);
    // Equal numbers are as good as each other, and one of the two gets it.
    let states = [status(&market, &stuck).await?, status(&market, &dies).await?];
    assert_eq!(states, [Status::Active, Status::Failed]);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn does_not_give_up_an_old_order_whose_number_is_listed() -> Outcome {
    let market = Market::new().await?.funded(900).await?;
    let stuck = lose(&market, Sale::AnswerLost).await?;
    // Every worker was away for longer than an order lives, and the market is busy.
    market.clock.advance(Market::TERMS.lifetime + Market::PATIENCE.settle_after * 2);
    for _ in 0..5 {
        lose(&market, Sale::RequestLost).await?;
        settle(&market, 10).await?;
        assert_ne!(status(&market, &stuck).await?, Status::Failed);
    }
    assert_eq!(status(&market, &stuck).await?, Status::Active);
    let sold = &market.cheap.adapter.sold()[0].activation.external_id;
    let adopted = market.order(&stuck).await?;
    assert_eq!(&adopted.lease().ok_or("a number")?.external_id, sold);
    market.sms(&adopted, "1234")?;
    market.settle_down().await?;
    assert_eq!(status(&market, &stuck).await?, Status::Completed);
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn gives_each_of_several_stuck_orders_its_number() -> Outcome {
    let market = Market::new().await?.funded(900).await?;
    let mut sold = Vec::new();
    let mut unsold = Vec::new();
    for _ in 0..3 {
        sold.push(lose(&market, Sale::AnswerLost).await?);
        market.clock.advance_seconds(1);
        unsold.push(lose(&market, Sale::RequestLost).await?);
        settle(&market, 4).await?;
    }
    for _ in 0..8 {
        // Always somebody who may be waiting for one of the numbers.
        lose(&market, Sale::RequestLost).await?;
        settle(&market, 10).await?;
    }
    // As many as were sold: the oldest ones, because equal numbers are as good as each other.
    let mut orders: Vec<_> = sold.into_iter().chain(unsold).collect();
    orders.sort_by_key(|order| order.id);
    let mut states = Vec::new();
    for order in &orders {
        states.push(status(&market, order).await?);
    }
    let active = states.iter().filter(|status| **status == Status::Active).count();
    assert_eq!((active, states.len()), (3, 6), "{states:?}");
    assert_eq!(cancels(&market), 0);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn waits_longer_after_a_restart_and_no_less() -> Outcome {
    let market = Market::new().await?.funded(900).await?;
    let stuck = lose(&market, Sale::RequestLost).await?;
    market.clock.advance_seconds(31);
    let place = market.place_orders();
    let mut rest = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    assert_eq!(settle(&market, 0).await?, 0);
    let next = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    assert_eq!(std::mem::replace(&mut rest, next).await?.orders.len(), 1);
    // It cannot know that the number came into sight after the order.
    let restarted = market.settle_elsewhere();
    assert_eq!(restarted.run_once().await?.orders, 0);
    assert_eq!(status(&market, &stuck).await?, Status::Reserving);
    assert_eq!(rest.await?.orders.len(), 1);
    assert_eq!(restarted.run_once().await?.orders, 1);
    assert_eq!(status(&market, &stuck).await?, Status::Failed);
    market.check_books().await
}

#[tokio::test]
async fn does_not_adopt_what_was_there_long_before_it_was_asked_for() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    orphan(&market)?;
    settle(&market, 0).await?;
    market.clock.advance_seconds(31);
    let order = lose(&market, Sale::RequestLost).await?;
    assert_eq!(settle(&market, 31).await?, 1);
    assert_eq!(status(&market, &order).await?, Status::Failed);
    assert!(market.cheap.adapter.sold()[0].canceled);
    market.check_books().await
}

#[tokio::test]
async fn does_not_adopt_what_was_sold_for_something_else() -> Outcome {
    for (service, country) in [("tg", Some("6")), ("wa", Some("10"))] {
        let market = Market::new().await?.funded(100).await?;
        let order = lose(&market, Sale::AnswerLost).await?;
        let mut other = listed(&market)?;
        other.service = service.to_owned();
        other.country = country.map(str::to_owned);
        market.cheap.adapter.then_listing(Ok(Listing::Complete(vec![other])));
        assert_eq!(settle(&market, 31).await?, 1);
        assert_eq!(status(&market, &order).await?, Status::Failed);
    }
    Ok(())
}

#[tokio::test]
async fn adopts_by_service_where_the_list_leaves_out_the_country() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = lose(&market, Sale::AnswerLost).await?;
    let found = ActiveActivation { country: None, ..listed(&market)? };
    market.cheap.adapter.then_listing(Ok(Listing::Complete(vec![found])));
    settle(&market, 31).await?;
    assert_eq!(status(&market, &order).await?, Status::Active);
    Ok(())
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

/// What a number costs us that nobody asked for.
const ORPHAN_COST: i64 = 4_000;

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

/// One that a message came to and that was watched for long enough.
async fn charged_orphan(market: &Market) -> Outcome<ExternalId> {
    let id = orphan(market)?;
    market.cheap.adapter.deliver(&id, Some("1234"), None);
    settle(market, 0).await?;
    market.clock.advance_seconds(45);
    Ok(id)
}

async fn written_off(market: &Market) -> Outcome<usize> {
    Ok(market.settle_reserving().run_once().await?.written_off)
}

async fn late_expense(market: &Market) -> Outcome<i64> {
    Ok(-market.balance("late_sms_expense", Currency::Usd).await?)
}

fn finishes(market: &Market) -> usize {
    let calls = market.cheap.adapter.calls();
    calls.iter().filter(|call| matches!(call, Call::Finish(_))).count()
}

#[tokio::test]
async fn books_once_what_a_number_of_nobody_cost() -> Outcome {
    let market = Market::new().await?;
    charged_orphan(&market).await?;
    assert_eq!(written_off(&market).await?, 1);
    assert_eq!(late_expense(&market).await?, ORPHAN_COST);
    assert!(market.cheap.adapter.sold()[0].finished);
    for _ in 0..3 {
        market.clock.advance_seconds(45);
        assert_eq!(written_off(&market).await?, 0);
    }
    assert_eq!((cancels(&market), finishes(&market)), (1, 1));
    assert_eq!(late_expense(&market).await?, ORPHAN_COST);
    market.check_losses().await
}

#[tokio::test]
async fn finishes_a_number_of_nobody_until_it_is_gone() -> Outcome {
    let market = Market::new().await?;
    let silence = ProviderError::Unavailable("timeout");
    market.cheap.adapter.then_finish_fails(silence.clone()).then_finish_fails(silence);
    charged_orphan(&market).await?;
    assert_eq!(written_off(&market).await?, 1);
    for expected in 2..=3 {
        market.clock.advance_seconds(45);
        assert_eq!(written_off(&market).await?, 0);
        assert_eq!((cancels(&market), finishes(&market)), (1, expected));
    }
    assert!(market.cheap.adapter.sold()[0].finished);
    assert_eq!(late_expense(&market).await?, ORPHAN_COST);
    market.check_losses().await
}

#[tokio::test]
async fn takes_the_price_list_where_the_list_tells_no_cost() -> Outcome {
    let market = Market::new().await?;
    charged_orphan(&market).await?;
    let mut found = listed(&market)?;
    found.activation.cost = None;
    market.cheap.adapter.then_listing(Ok(Listing::Complete(vec![found])));
    assert_eq!(written_off(&market).await?, 1);
    // Thirty rupiah at ten thousand to the dollar.
    assert_eq!(late_expense(&market).await?, 3_000);
    assert!(market.cheap.adapter.sold()[0].finished);
    Ok(())
}

#[tokio::test]
async fn two_at_once_book_a_number_of_nobody_once() -> Outcome {
    let market = Market::new().await?;
    charged_orphan(&market).await?;
    let (one, other) = (market.settle_reserving(), market.settle_elsewhere());
    let rest = stop_after(&market, "cancel", one.run_once()).await?;
    // Sweeps are claimed, so that two meet only by way of a stuck order or a slow pass.
    market.clock.advance_seconds(15);
    assert_eq!(other.run_once().await?.written_off, 1);
    assert_eq!(rest.await?.written_off, 0);
    assert_eq!(late_expense(&market).await?, ORPHAN_COST);
    market.check_losses().await
}

fn cancels(market: &Market) -> usize {
    let calls = market.cheap.adapter.calls();
    calls.iter().filter(|call| matches!(call, Call::Cancel(_))).count()
}

#[tokio::test]
async fn gives_back_a_number_that_nobody_owns_after_a_while() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let owned = market.buy().await?;
    orphan(&market)?;
    settle(&market, 0).await?;
    settle(&market, 29).await?;
    assert_eq!(cancels(&market), 0);
    settle(&market, 16).await?;
    assert_eq!(cancels(&market), 1);
    let canceled: Vec<_> = market.cheap.adapter.sold().iter().map(|sold| sold.canceled).collect();
    assert_eq!(canceled, [false, true]);
    assert_eq!(market.order(&owned).await?, owned);
    market.check_books().await
}

#[tokio::test]
async fn tries_again_to_give_back_what_the_provider_does_not_take() -> Outcome {
    use domain::providers::CancelOutcome;
    let market = Market::new().await?;
    orphan(&market)?;
    market
        .cheap
        .adapter
        .then_cancel(Err(ProviderError::Unavailable("timeout")))
        .then_cancel(Ok(CancelOutcome::TooEarly));
    settle(&market, 0).await?;
    for expected in 1..=3 {
        settle(&market, 45).await?;
        assert_eq!(cancels(&market), expected);
    }
    assert!(market.cheap.adapter.sold()[0].canceled);
    settle(&market, 45).await?;
    assert_eq!(cancels(&market), 3);
    Ok(())
}

#[tokio::test]
async fn gives_back_only_what_no_purchase_under_way_can_wait_for() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    orphan(&market)?;
    settle(&market, 0).await?;
    market.clock.advance_seconds(60);
    let place = market.place_orders();
    let rest = stop_after(&market, "acquire", place.execute(market.command(1, None))).await?;
    settle(&market, 0).await?;
    let canceled: Vec<_> = market.cheap.adapter.sold().iter().map(|sold| sold.canceled).collect();
    assert_eq!(canceled, [true, false]);
    assert_eq!(rest.await?.orders.len(), 1);
    settle(&market, 60).await?;
    assert_eq!(cancels(&market), 1);
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
