//! Renting a number once more.

use domain::{
    fault::{Code, Fault},
    ids::{OrderId, UserId},
    money::{Amount, Cost},
    orders::{
        FailReason, Order, OrderQueries, OrderState, Status,
        reactivate::{ReactivateCommand, ReactivateError},
    },
    providers::{AcquireRequest, ProviderError, Refusal},
    time::Clock,
};
use testkit::{Call, Market, Outcome, Sale};

const PRICE: i64 = Market::PRICE;

/// A completed order of the market's customer, its number closed upstream.
async fn completed() -> Outcome<(Market, Order)> {
    let market = Market::new().await?.funded(1_000).await?;
    let order = complete(&market).await?;
    Ok((market, order))
}

async fn complete(market: &Market) -> Outcome<Order> {
    let order = market.buy().await?;
    market.sms(&order, "1234")?;
    market.pull_sms().execute(&order).await?;
    let order = market.finish_order().execute(market.user, order.id).await?;
    market.run_tasks().await?;
    Ok(order)
}

async fn reactivate(market: &Market, command: ReactivateCommand) -> Outcome<Order> {
    let placed = market.reactivate_order().execute(command).await?;
    assert_eq!((placed.orders.len(), placed.failed), (1, 0));
    Ok(placed.orders.into_iter().next().ok_or("an order")?.order)
}

async fn refused(market: &Market, command: ReactivateCommand) -> Outcome<Code> {
    match market.reactivate_order().execute(command).await {
        Ok(placed) => Err(format!("bought {placed:?}").into()),
        Err(error) => Ok(error.code()),
    }
}

/// The youngest order, in whatever state.
async fn youngest(market: &Market) -> Outcome<Order> {
    Ok(market.store.all_orders().await.into_iter().next_back().ok_or("an order")?)
}

fn phone(order: &Order) -> Option<&str> {
    order.lease().map(|lease| lease.phone.reveal())
}

fn external_id(order: &Order) -> Option<&str> {
    order.lease().map(|lease| lease.external_id.as_str())
}

#[tokio::test]
async fn rents_the_same_number_as_an_order_of_its_own() -> Outcome {
    let (market, parent) = completed().await?;
    let view = market.store.find(market.user, parent.id).await?.ok_or("an order")?;
    assert!(view.capabilities(market.clock.now()).can_reactivate);
    let cost = market.reactivate_order().cost(market.user, parent.id).await?;
    assert_eq!(cost.get(), PRICE);
    assert_eq!(market.store.all_orders().await.len(), 1, "asking stores nothing");

    let child = reactivate(&market, market.again(&parent, Some("key"))).await?;
    assert_eq!(phone(&child), phone(&parent));
    assert_ne!(external_id(&child), external_id(&parent));
    assert_eq!((child.status(), child.price.get()), (Status::Active, PRICE));
    assert_eq!(child.catalog_product, parent.catalog_product);
    assert_eq!(market.wallet().await?, (1_000 - 2 * PRICE, PRICE));
    // The message of the first rental is not taken for one of the second.
    market.pull_sms().execute(&child).await?;
    assert_eq!(market.order(&child).await?.status(), Status::Active);
    market.sms(&child, "5678")?;
    market.settle_down().await?;
    assert_eq!(market.order(&child).await?.status(), Status::Completed);
    assert_eq!(market.check_story().await?, 0);
    assert_eq!(market.wallet().await?, (1_000 - 2 * PRICE, 0));
    Ok(())
}

#[tokio::test]
async fn repeats_the_first_answer_whatever_the_number_costs_by_now() -> Outcome {
    let (market, parent) = completed().await?;
    let first = reactivate(&market, market.again(&parent, Some("key"))).await?;
    let dearer = Cost::from_micros(9_000).ok_or("a cost")?;
    market.cheap.adapter.then_reactivation_cost(Ok(dearer));
    let again = reactivate(&market, market.again(&parent, Some("key"))).await?;
    assert_eq!(again.id, first.id);
    let asked = market.cheap.adapter.calls();
    let bought = asked.iter().filter(|call| matches!(call, Call::Reactivate(_))).count();
    assert_eq!((bought, market.store.all_orders().await.len()), (1, 2));
    let mut other = market.again(&parent, Some("key"));
    other.key.as_mut().ok_or("a key")?.fingerprint.push_str(";max=1");
    assert_eq!(refused(&market, other).await?, Code::IdempotencyKeyReused);
    // The same key for a purchase is another request altogether.
    let bought = market.place_orders().execute(market.command(1, Some("key"))).await?;
    assert_eq!(bought.orders.len(), 1);
    market.check_books().await
}

#[tokio::test]
async fn only_completed_orders_of_the_customer_are_rented_again() -> Outcome {
    let (market, parent) = completed().await?;
    let unknown = ReactivateCommand { order: OrderId::new(99), ..market.again(&parent, None) };
    assert_eq!(refused(&market, unknown).await?, Code::NotFound);
    let stranger = ReactivateCommand { user: UserId::new(99), ..market.again(&parent, None) };
    assert_eq!(refused(&market, stranger).await?, Code::NotFound);
    let active = market.buy().await?;
    assert_eq!(refused(&market, market.again(&active, None)).await?, Code::Conflict);
    market.sms(&active, "1")?;
    market.pull_sms().execute(&active).await?;
    assert_eq!(refused(&market, market.again(&active, None)).await?, Code::Conflict);
    let error = market.reactivate_order().cost(market.user, active.id).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    Ok(())
}

#[tokio::test]
async fn costs_what_the_provider_wants_now_and_no_more_than_allowed() -> Outcome {
    let (market, parent) = completed().await?;
    let dearer = || Cost::from_micros(5_000).ok_or(ProviderError::Refused("no cost"));
    for (most, code) in [(49, Some(Code::NoOfferAvailable)), (50, None)] {
        market.cheap.adapter.then_reactivation_cost(dearer());
        let max_price = Amount::new(most);
        let command = ReactivateCommand { max_price, ..market.again(&parent, None) };
        match code {
            Some(code) => assert_eq!(refused(&market, command).await?, code),
            None => assert_eq!(reactivate(&market, command).await?.price.get(), 50),
        }
    }
    assert_eq!(market.store.all_orders().await.len(), 2, "a dear number is not even reserved");
    Ok(())
}

#[tokio::test]
async fn a_number_that_is_not_to_be_had_costs_nothing() -> Outcome {
    let (market, parent) = completed().await?;
    let before = market.wallet().await?;
    let gone = ProviderError::Refused("not to be had again");
    market.cheap.adapter.then_reactivation_cost(Err(gone));
    assert_eq!(refused(&market, market.again(&parent, None)).await?, Code::ProviderError);
    market.cheap.adapter.then_sale(Sale::Refused(Refusal::OutOfStock));
    assert_eq!(refused(&market, market.again(&parent, None)).await?, Code::NoOfferAvailable);
    let failed = youngest(&market).await?;
    assert_eq!(failed.state, OrderState::Failed { reason: FailReason::NoOffer });
    assert_eq!(market.wallet().await?, before);

    // It is in use already: by our own second rental.
    reactivate(&market, market.again(&parent, None)).await?;
    assert_eq!(refused(&market, market.again(&parent, None)).await?, Code::NoOfferAvailable);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    assert_eq!(market.wallet().await?, before);
    Ok(())
}

#[tokio::test]
async fn another_number_than_the_one_asked_for_is_given_back() -> Outcome {
    let (market, parent) = completed().await?;
    let before = market.wallet().await?;
    let other = complete(&market).await?;
    let id = other.lease().ok_or("a number")?.external_id.clone();
    // The provider answers with a rental that is somebody else's.
    market.cheap.adapter.then_sale(Sale::SoldTwice(id));
    assert_eq!(refused(&market, market.again(&parent, None)).await?, Code::ProviderError);
    assert_eq!(market.wallet().await?, (before.0 - PRICE, 0));
    market.settle_down().await?;
    market.check_books().await
}

/// A reactivation whose answer never came.
async fn lost(market: &Market, parent: &Order, sale: Sale) -> Outcome<Order> {
    market.cheap.adapter.then_sale(sale);
    let code = refused(market, market.again(parent, Some("key"))).await?;
    assert_eq!(code, Code::ServiceUnavailable);
    youngest(market).await
}

#[tokio::test]
async fn a_lost_reactivation_adopts_its_own_number_and_no_other() -> Outcome {
    let (market, parent) = completed().await?;
    // A number that nobody owns, of the same service and country, and seen earlier.
    let request = AcquireRequest {
        service: "wa".to_owned(),
        country: "6".to_owned(),
        max_cost: Cost::default(),
    };
    let stray = market.cheap.adapter.sell_unasked(&request).ok_or("a number")?;
    market.settle_reserving().run_once().await?;
    let child = lost(&market, &parent, Sale::AnswerLost).await?;
    assert_eq!(
        refused(&market, market.again(&parent, Some("key"))).await?,
        Code::RequestInProgress
    );
    market.clock.advance_seconds(31);
    assert_eq!(market.settle_reserving().run_once().await?.orders, 1);
    let adopted = market.order(&child).await?;
    assert_eq!(adopted.status(), Status::Active);
    assert_eq!(phone(&adopted), phone(&parent));
    assert_ne!(external_id(&adopted), Some(stray.external_id.as_str()));
    let repeated = reactivate(&market, market.again(&parent, Some("key"))).await?;
    assert_eq!(repeated.id, child.id);
    market.sms(&adopted, "9")?;
    market.settle_down().await?;
    assert_eq!(market.order(&child).await?.status(), Status::Completed);
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_lost_reactivation_that_was_not_sold_takes_no_other_number() -> Outcome {
    let (market, parent) = completed().await?;
    let before = market.wallet().await?;
    let child = lost(&market, &parent, Sale::RequestLost).await?;
    market.cheap.adapter.then_sale(Sale::AnswerLost);
    assert!(market.buy().await.is_err());
    let plain = youngest(&market).await?;
    market.clock.advance_seconds(31);
    market.settle_reserving().run_once().await?;
    assert_eq!(market.order(&child).await?.status(), Status::Failed);
    let plain = market.order(&plain).await?;
    assert_eq!(plain.status(), Status::Active);
    assert_ne!(phone(&plain), phone(&parent));
    assert_eq!(market.wallet().await?, (before.0 - PRICE, PRICE));
    Ok(())
}

#[tokio::test]
async fn nobody_else_gets_a_number_that_was_asked_for_again() -> Outcome {
    let (market, parent) = completed().await?;
    market.cheap.adapter.then_sale(Sale::RequestLost);
    assert!(market.buy().await.is_err());
    let plain = youngest(&market).await?;
    let child = lost(&market, &parent, Sale::AnswerLost).await?;
    market.clock.advance_seconds(31);
    market.settle_reserving().run_once().await?;
    // The older purchase would take any number, and this is the only one there is.
    assert_eq!(market.order(&plain).await?.status(), Status::Failed);
    let child = market.order(&child).await?;
    assert_eq!((child.status(), phone(&child)), (Status::Active, phone(&parent)));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_wallet_that_cannot_pay_rents_nothing() -> Outcome {
    let market = Market::new().await?.funded(PRICE).await?;
    let parent = complete(&market).await?;
    let error = market.reactivate_order().execute(market.again(&parent, None)).await;
    let Err(ReactivateError::Place(error)) = error else { return Err("a refusal".into()) };
    assert_eq!(error.code(), Code::InsufficientBalance);
    let asked = market.cheap.adapter.calls();
    assert!(!asked.iter().any(|call| matches!(call, Call::Reactivate(_))));
    Ok(())
}
