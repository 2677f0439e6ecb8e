//! Canceling by the customer.

use std::time::Duration;

use domain::{
    fault::{Code, Fault},
    ids::{OrderId, UserId},
    orders::{Order, Status, cancel::CancelError},
    outbox::{EventKind, Queue},
    providers::{CancelOutcome, ProviderError},
};
use testkit::{Blow, Call, Finish, Market, Moment, Outcome, Sale, until_crash};

use crate::support::stop_after;

/// A market with one order whose minimum-cancel window is over.
async fn cancelable() -> Outcome<(Market, Order)> {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    market.clock.advance(Market::TERMS.minimum_cancel);
    market.wake.take();
    Ok((market, order))
}

#[tokio::test]
async fn gives_number_and_money_back() -> Outcome {
    let (market, order) = cancelable().await?;
    let canceled = market.cancel_order().execute(market.user, order.id).await?;
    assert_eq!(canceled.order.status(), Status::Canceled);
    assert_eq!((canceled.refund.get(), canceled.wallet.available.get()), (30, 100));
    assert_eq!(market.order(&order).await?, canceled.order);
    assert!(!canceled.order.upstream_open);
    assert_eq!(market.wallet().await?, (100, 0));
    assert!(market.cheap.adapter.sold()[0].canceled);
    let told = [EventKind::OrderActive, EventKind::OrderCanceled];
    assert_eq!(market.events(&order).await?, told);
    assert_eq!(market.wake.take(), [Queue::Events]);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn refuses_before_the_minimum_time_without_asking_anybody() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.clock.advance(Market::TERMS.minimum_cancel.saturating_sub(Duration::from_micros(1)));
    let error = market.cancel_order().execute(market.user, order.id).await.unwrap_err();
    let CancelError::TooEarly { wait } = error else { return Err(error.into()) };
    assert_eq!((wait, error.code()), (Duration::from_micros(1), Code::CancelTooEarly));
    assert_eq!(error.retry_after(), Some(wait));
    assert_eq!(market.cheap.adapter.calls(), [Call::Acquire]);
    market.clock.advance(wait);
    market.cancel_order().execute(market.user, order.id).await?;
    Ok(())
}

#[tokio::test]
async fn finds_only_orders_of_the_customer() -> Outcome {
    let (market, order) = cancelable().await?;
    market.cheap.adapter.then_sale(Sale::AnswerLost);
    assert!(market.buy().await.is_err());
    let reserving = OrderId::new(order.id.get() + 1);
    let stranger = UserId::new(market.user.get() + 1);
    for (user, id) in
        [(stranger, order.id), (market.user, reserving), (market.user, OrderId::new(4_711))]
    {
        let error = market.cancel_order().execute(user, id).await.unwrap_err();
        assert!(matches!(error, CancelError::NotFound), "{error}");
        assert_eq!(error.code(), Code::NotFound);
    }
    assert!(!market.cheap.adapter.sold().iter().any(|sold| sold.canceled));
    Ok(())
}

#[tokio::test]
async fn keeps_the_order_while_the_provider_does_not_take_it_back() -> Outcome {
    let (market, order) = cancelable().await?;
    market
        .cheap
        .adapter
        .then_cancel(Ok(CancelOutcome::TooEarly))
        .then_cancel(Ok(CancelOutcome::Missing))
        .then_cancel(Err(ProviderError::Unavailable("timeout")))
        .then_cancel(Err(ProviderError::Refused("key")));
    let mut codes = Vec::new();
    for _ in 0..4 {
        let error = market.cancel_order().execute(market.user, order.id).await.unwrap_err();
        codes.push(error.code());
        assert_eq!(market.wallet().await?, (70, 30));
        assert_eq!(market.order(&order).await?, order);
    }
    let provider = Code::ProviderError;
    assert_eq!(codes, [Code::CancelTooEarly, provider, provider, provider]);
    market.cancel_order().execute(market.user, order.id).await?;
    Ok(())
}

#[tokio::test]
async fn keeps_the_order_when_its_provider_is_gone() -> Outcome {
    let (market, order) = cancelable().await?;
    market.registry.remove(market.cheap.id);
    let error = market.cancel_order().execute(market.user, order.id).await.unwrap_err();
    assert_eq!(error.code(), Code::ProviderError);
    assert_eq!(market.wallet().await?, (70, 30));
    Ok(())
}

#[tokio::test]
async fn delivers_instead_when_a_message_has_come() -> Outcome {
    let (market, order) = cancelable().await?;
    market.sms(&order, "1234")?;
    let error = market.cancel_order().execute(market.user, order.id).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(error.public_message(), "An SMS has arrived for this order");
    let delivered = market.order(&order).await?;
    assert_eq!(delivered.delivery().and_then(|d| d.code.clone()), Some("1234".into()));
    assert_eq!(market.wallet().await?, (70, 0));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn refuses_when_the_message_cannot_be_fetched_now() -> Outcome {
    let (market, order) = cancelable().await?;
    market.sms(&order, "1234")?;
    market.cheap.adapter.then_status(Err(ProviderError::Unavailable("timeout")));
    let error = market.cancel_order().execute(market.user, order.id).await.unwrap_err();
    assert!(matches!(error, CancelError::Pull(_)), "{error}");
    assert_eq!(error.code(), Code::ProviderError);
    assert_eq!(market.wallet().await?, (70, 30));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    assert_eq!(market.order(&order).await?.status(), Status::Completed);
    Ok(())
}

#[tokio::test]
async fn refuses_orders_that_are_over() -> Outcome {
    let (market, first) = cancelable().await?;
    market.cancel_order().execute(market.user, first.id).await?;
    let second = market.buy().await?;
    market.sms(&second, "1234")?;
    market.poll_active().run_once().await?;
    let third = market.buy().await?;
    let cancel = async |order: &Order| {
        let error = market.cancel_order().execute(market.user, order.id).await.unwrap_err();
        assert_eq!(error.code(), Code::Conflict);
        error.public_message()
    };
    assert_eq!(cancel(&first).await, "This order is canceled");
    assert_eq!(cancel(&second).await, "An SMS has arrived for this order");
    market.settle_down().await?;
    assert_eq!(cancel(&second).await, "This order is completed");
    assert_eq!(cancel(&third).await, "This order has expired");
    Ok(())
}

#[tokio::test]
async fn agrees_with_a_poller_that_was_faster() -> Outcome {
    let (market, order) = cancelable().await?;
    let cancel = market.cancel_order();
    let rest = stop_after(&market, "cancel", cancel.execute(market.user, order.id)).await?;
    market.poll_active().run_once().await?;
    assert_eq!(market.order(&order).await?.status(), Status::Canceled);
    let canceled = rest.await?;
    assert_eq!((canceled.refund.get(), canceled.wallet.available.get()), (30, 100));
    let told = [EventKind::OrderActive, EventKind::OrderCanceled];
    assert_eq!(market.events(&order).await?, told);
    market.check_books().await
}

#[tokio::test]
async fn yields_to_a_message_that_was_stored_first() -> Outcome {
    let (market, order) = cancelable().await?;
    let cancel = market.cancel_order();
    let rest = stop_after(&market, "cancel", cancel.execute(market.user, order.id)).await?;
    market.receive_sms().execute(&market.callback(&order, "1234")?).await?;
    let error = rest.await.unwrap_err();
    assert_eq!(error.public_message(), "An SMS has arrived for this order");
    assert_eq!(market.wallet().await?, (70, 0));
    assert_eq!(market.messages(&order).await?.len(), 1);
    market.check_books().await
}

#[tokio::test]
async fn yields_to_an_expiry_that_was_faster() -> Outcome {
    let (market, order) = cancelable().await?;
    let moment = Duration::from_secs(1);
    let waited = Market::TERMS.minimum_cancel;
    market.clock.advance(Market::TERMS.lifetime.saturating_sub(waited + moment));
    let cancel = market.cancel_order();
    let rest = stop_after(&market, "cancel", cancel.execute(market.user, order.id)).await?;
    market.clock.advance(moment);
    market.expire_orders().run_once().await?;
    let error = rest.await.unwrap_err();
    assert_eq!(error.public_message(), "This order has expired");
    assert_eq!(market.wallet().await?, (100, 0));
    market.check_books().await
}

#[tokio::test]
async fn refuses_what_capabilities_refuse_at_the_end_of_the_window() -> Outcome {
    let (market, order) = cancelable().await?;
    market.clock.advance(Market::TERMS.lifetime);
    let error = market.cancel_order().execute(market.user, order.id).await.unwrap_err();
    assert_eq!(error.public_message(), "This order has expired");
    assert_eq!(market.order(&order).await?.status(), Status::Active);
    Ok(())
}

#[tokio::test]
async fn heals_a_crash_after_the_providers_yes() -> Outcome {
    let (market, order) = cancelable().await?;
    let cancel = market.cancel_order();
    market.chaos.strike_next("cancel", Moment::After, Blow::Crash);
    let crashed = until_crash(&market.chaos, cancel.execute(market.user, order.id)).await;
    assert!(matches!(crashed, Finish::Crashed));
    market.chaos.calm();
    assert_eq!(market.wallet().await?, (70, 30));
    market.poll_active().run_once().await?;
    assert_eq!(market.wallet().await?, (100, 0));
    assert_eq!(market.order(&order).await?.status(), Status::Canceled);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn runs_a_unit_that_lost_a_race_again() -> Outcome {
    let (market, order) = cancelable().await?;
    for method in ["lock", "post", "commit"] {
        market.chaos.strike_next(method, Moment::Before, Blow::Contend);
    }
    market.cancel_order().execute(market.user, order.id).await?;
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}
