//! Numbers of nobody.

use domain::{
    ids::ExternalId,
    money::Currency,
    providers::{Listing, ProviderError},
};
use testkit::{Call, Market, Outcome};

use super::{ORPHAN_COST, cancels, listed, orphan, settle};
use crate::support::stop_after;

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
