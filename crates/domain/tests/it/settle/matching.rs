//! Whose number it is that a provider lists.

use domain::{
    orders::Status,
    providers::{ActiveActivation, Listing},
};
use testkit::{Market, Outcome, Sale};

use super::{cancels, listed, lose, orphan, settle, status};
use crate::support::stop_after;

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
