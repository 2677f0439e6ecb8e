//! The end of an order's window.

use std::time::Duration;

use domain::{
    orders::{Order, Status, expire::ExpireOrders},
    outbox::{EventKind, Queue},
    providers::{ProviderError, UpstreamStatus},
};
use testkit::{Blow, Call, Market, Moment, Outcome};

use crate::support::stop_after;

const SILENCE: ProviderError = ProviderError::Unavailable("timeout");

/// A market with one order whose window closes now.
async fn over() -> Outcome<(Market, Order)> {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    market.clock.advance(Market::TERMS.lifetime);
    market.wake.take();
    Ok((market, order))
}

async fn status(market: &Market, order: &Order) -> Outcome<Status> {
    Ok(market.order(order).await?.status())
}

#[tokio::test]
async fn returns_the_money_at_the_end_and_not_before() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.clock.advance(Market::TERMS.lifetime.saturating_sub(Duration::from_micros(1)));
    assert_eq!(market.expire_orders().run_once().await?, 0);
    market.wake.take();
    market.clock.advance(Duration::from_micros(1));
    assert_eq!(market.expire_orders().run_once().await?, 1);
    assert_eq!(status(&market, &order).await?, Status::Expired);
    assert_eq!(market.wallet().await?, (100, 0));
    let told = [EventKind::OrderActive, EventKind::OrderExpired];
    assert_eq!(market.events(&order).await?, told);
    assert_eq!(market.wake.take(), [Queue::Events]);
    assert_eq!(market.expire_orders().run_once().await?, 0);
    assert_eq!(market.wake.take(), []);
    market.settle_down().await?;
    assert!(market.cheap.adapter.sold()[0].canceled);
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn delivers_a_message_whose_callback_was_lost() -> Outcome {
    let (market, order) = over().await?;
    market.sms(&order, "1234")?;
    market.expire_orders().run_once().await?;
    assert_eq!(status(&market, &order).await?, Status::Completed);
    assert_eq!(market.wallet().await?, (70, 0));
    assert_eq!(market.messages(&order).await?.len(), 1);
    let told = [EventKind::OrderActive, EventKind::OrderOtpReceived, EventKind::OrderCompleted];
    assert_eq!(market.events(&order).await?, told);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn completes_what_was_delivered_without_asking() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    market.receive_sms().execute(&market.callback(&order, "1234")?).await?;
    market.clock.advance(Market::TERMS.lifetime);
    market.expire_orders().run_once().await?;
    assert_eq!(status(&market, &order).await?, Status::Completed);
    assert_eq!(market.cheap.adapter.calls(), [Call::Acquire]);
    assert_eq!(market.wallet().await?, (70, 0));
    market.check_books().await
}

#[tokio::test]
async fn expires_what_ended_upstream() -> Outcome {
    let (market, order) = over().await?;
    market.cheap.adapter.end(&order.lease().ok_or("a number")?.external_id);
    market.expire_orders().run_once().await?;
    assert_eq!(status(&market, &order).await?, Status::Expired);
    assert_eq!(market.wallet().await?, (100, 0));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn is_patient_with_a_silent_provider_for_a_while() -> Outcome {
    let (market, order) = over().await?;
    for _ in 0..5 {
        market.cheap.adapter.then_status(Err(SILENCE));
    }
    let mut waited = Duration::ZERO;
    while status(&market, &order).await? == Status::Active {
        assert!(waited <= ExpireOrders::GRACE);
        assert_eq!(market.expire_orders().run_once().await?, 1);
        if status(&market, &order).await? == Status::Active {
            market.clock.advance_seconds(15);
            waited += Duration::from_secs(15);
        }
    }
    assert_eq!(waited, ExpireOrders::GRACE);
    assert_eq!(status(&market, &order).await?, Status::Expired);
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}

#[tokio::test]
async fn delivers_when_a_silent_provider_speaks_in_time() -> Outcome {
    let (market, order) = over().await?;
    market.sms(&order, "1234")?;
    market.cheap.adapter.then_status(Err(SILENCE)).then_status(Err(SILENCE));
    for _ in 0..3 {
        market.expire_orders().run_once().await?;
        market.clock.advance_seconds(15);
    }
    assert_eq!(status(&market, &order).await?, Status::Completed);
    assert_eq!(market.wallet().await?, (70, 0));
    Ok(())
}

#[tokio::test]
async fn does_not_wait_for_ever_for_a_provider_that_is_gone() -> Outcome {
    let (market, order) = over().await?;
    market.registry.remove(market.cheap.id);
    market.expire_orders().run_once().await?;
    assert_eq!(status(&market, &order).await?, Status::Active);
    market.clock.advance(ExpireOrders::GRACE);
    market.expire_orders().run_once().await?;
    assert_eq!(status(&market, &order).await?, Status::Expired);
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}

#[tokio::test]
async fn yields_to_a_message_that_comes_in_the_middle() -> Outcome {
    let (market, order) = over().await?;
    let expire = market.expire_orders();
    let rest = stop_after(&market, "status", expire.run_once()).await?;
    market.sms(&order, "1234")?;
    market.receive_sms().execute(&market.callback(&order, "1234")?).await?;
    rest.await?;
    assert_eq!(status(&market, &order).await?, Status::Completed);
    assert_eq!(market.wallet().await?, (70, 0));
    assert_eq!(market.events(&order).await?.len(), 3);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn delivers_a_message_that_comes_after_the_last_question() -> Outcome {
    let (market, order) = over().await?;
    let expire = market.expire_orders();
    let rest = stop_after(&market, "status", expire.run_once()).await?;
    market.sms(&order, "1234")?;
    rest.await?;
    assert_eq!(status(&market, &order).await?, Status::Completed);
    assert_eq!((market.wallet().await?, market.messages(&order).await?.len()), ((70, 0), 1));
    market.receive_sms().execute(&market.callback(&order, "1234")?).await?;
    assert_eq!(market.messages(&order).await?.len(), 1);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn gives_the_number_back_before_the_money() -> Outcome {
    let (market, order) = over().await?;
    let expire = market.expire_orders();
    let rest = stop_after(&market, "cancel", expire.run_once()).await?;
    assert!(market.cheap.adapter.sold()[0].canceled);
    assert_eq!(market.wallet().await?, (70, 30));
    rest.await?;
    assert_eq!(status(&market, &order).await?, Status::Expired);
    assert_eq!(market.wallet().await?, (100, 0));
    assert_eq!(market.run_tasks().await?, 0);
    Ok(())
}

#[tokio::test]
async fn one_that_fails_does_not_hold_up_the_others() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let orders = [market.buy().await?, market.buy().await?, market.buy().await?];
    market.clock.advance(Market::TERMS.lifetime);
    market.chaos.strike_next("commit", Moment::Before, Blow::Fail);
    market.cheap.adapter.then_status(Ok(UpstreamStatus::Waiting)).then_status(Err(SILENCE));
    assert_eq!(market.expire_orders().run_once().await?, 3);
    let mut expired = 0;
    for order in &orders {
        expired += u32::from(status(&market, order).await? == Status::Expired);
    }
    assert_eq!(expired, 1);
    assert_eq!(market.expire_orders().run_once().await?, 0);
    market.clock.advance_seconds(15);
    assert_eq!(market.expire_orders().run_once().await?, 2);
    assert_eq!(market.wallet().await?, (100, 0));
    market.check_books().await
}
