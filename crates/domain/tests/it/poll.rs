//! Asking providers about running orders.

use domain::{
    inbox::{MessageSource, receive::Pulled},
    orders::{Order, Status},
    outbox::{EventKind, Queue},
    providers::{ProviderError, SmsCode, SmsText, UpstreamStatus},
};
use testkit::{Blow, Call, Market, Moment, Outcome};

async fn bought() -> Outcome<(Market, Order)> {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.wake.take();
    Ok((market, order))
}

async fn poll(market: &Market) -> Outcome<usize> {
    market.clock.advance_seconds(5);
    Ok(market.poll_active().run_once().await?)
}

#[tokio::test]
async fn stores_a_message_once_and_earns_once() -> Outcome {
    let (market, order) = bought().await?;
    market.sms(&order, "1234")?;
    for _ in 0..3 {
        assert_eq!(poll(&market).await?, 1);
    }
    let [message] = &market.messages(&order).await?[..] else { return Err("one message".into()) };
    assert_eq!((message.revision, message.code.as_ref().map(SmsCode::reveal)), (1, Some("1234")));
    let text = SmsText::new("Your code is 1234");
    assert_eq!((message.text.as_ref(), message.source), (Some(&text), MessageSource::Poll));
    assert_eq!(market.order(&order).await?.status(), Status::OtpReceived);
    assert_eq!(market.wallet().await?, (70, 0));
    let told = [EventKind::OrderActive, EventKind::OrderOtpReceived];
    assert_eq!(market.events(&order).await?, told);
    market.check_books().await
}

#[tokio::test]
async fn asks_once_per_interval() -> Outcome {
    let (market, _) = bought().await?;
    assert_eq!(market.poll_active().run_once().await?, 1);
    assert_eq!(market.wake.take(), [Queue::Events]);
    market.clock.advance_seconds(4);
    assert_eq!(market.poll_active().run_once().await?, 0);
    assert_eq!(market.wake.take(), []);
    market.clock.advance_seconds(1);
    assert_eq!(market.poll_active().run_once().await?, 1);
    Ok(())
}

#[tokio::test]
async fn changes_nothing_while_there_is_nothing() -> Outcome {
    let (market, order) = bought().await?;
    let nothing = UpstreamStatus::Received { code: None, text: None };
    market
        .cheap
        .adapter
        .then_status(Ok(UpstreamStatus::Waiting))
        .then_status(Ok(UpstreamStatus::Missing))
        .then_status(Ok(nothing))
        .then_status(Err(ProviderError::Unavailable("timeout")));
    for _ in 0..4 {
        poll(&market).await?;
        assert_eq!(market.order(&order).await?, order);
    }
    assert_eq!(market.wallet().await?, (70, 30));
    Ok(())
}

#[tokio::test]
async fn takes_what_the_protocol_gives() -> Outcome {
    for (code, text, expected_code, expected_text) in [
        (Some("1234"), None, Some("1234"), "1234"),
        (None, Some("Your code is 5678"), Some("5678"), "Your code is 5678"),
        (None, Some("Hello there"), None, "Hello there"),
        (Some("99"), Some("Code 1234"), Some("99"), "Code 1234"),
    ] {
        let (market, order) = bought().await?;
        let id = &order.lease().ok_or("a number")?.external_id;
        market.cheap.adapter.deliver(id, code, text);
        poll(&market).await?;
        let stored = market.order(&order).await?;
        let delivery = stored.delivery().ok_or("a message")?;
        assert_eq!(delivery.code.as_ref().map(SmsCode::reveal), expected_code);
        assert_eq!(delivery.text, Some(SmsText::new(expected_text)));
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn stores_each_further_message() -> Outcome {
    let (market, order) = bought().await?;
    for (code, count) in [("1111", 1), ("2222", 2), ("1111", 2), ("3333", 3)] {
        market.sms(&order, code)?;
        poll(&market).await?;
        assert_eq!(market.messages(&order).await?.len(), count);
    }
    let stored = market.order(&order).await?;
    let delivery = stored.delivery().ok_or("a message")?;
    assert_eq!((delivery.revision, delivery.code.as_ref().map(SmsCode::reveal)), (3, Some("3333")));
    assert_eq!(market.wallet().await?, (70, 0));
    assert_eq!(market.events(&order).await?.len(), 4);
    market.check_books().await
}

#[tokio::test]
async fn refunds_a_number_that_ended_upstream() -> Outcome {
    let (market, order) = bought().await?;
    market.cheap.adapter.end(&order.lease().ok_or("a number")?.external_id);
    poll(&market).await?;
    let canceled = market.order(&order).await?;
    assert_eq!((canceled.status(), canceled.upstream_open), (Status::Canceled, false));
    assert_eq!(market.wallet().await?, (100, 0));
    let told = [EventKind::OrderActive, EventKind::OrderCanceled];
    assert_eq!(market.events(&order).await?, told);
    assert_eq!(poll(&market).await?, 0);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn expires_a_number_that_ended_upstream_after_its_window() -> Outcome {
    let (market, order) = bought().await?;
    market.cheap.adapter.end(&order.lease().ok_or("a number")?.external_id);
    market.clock.advance(Market::TERMS.lifetime);
    poll(&market).await?;
    assert_eq!(market.order(&order).await?.status(), Status::Expired);
    assert_eq!(market.wallet().await?, (100, 0));
    let told = [EventKind::OrderActive, EventKind::OrderExpired];
    assert_eq!(market.events(&order).await?, told);
    Ok(())
}

#[tokio::test]
async fn keeps_a_delivered_order_that_ended_upstream() -> Outcome {
    let (market, order) = bought().await?;
    market.sms(&order, "1234")?;
    poll(&market).await?;
    market.cheap.adapter.end(&order.lease().ok_or("a number")?.external_id);
    poll(&market).await?;
    assert_eq!(market.order(&order).await?.status(), Status::OtpReceived);
    market.settle_down().await?;
    assert_eq!(market.order(&order).await?.status(), Status::Completed);
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn does_not_refund_what_was_delivered_in_the_middle() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    let poll = market.poll_active();
    market.cheap.adapter.then_status(Ok(UpstreamStatus::Ended));
    let rest = crate::support::stop_after(&market, "status", poll.run_once()).await?;
    market.receive_sms().execute(&market.callback(&order, "1234")?).await?;
    rest.await?;
    assert_eq!(market.order(&order).await?.status(), Status::OtpReceived);
    assert_eq!(market.wallet().await?, (70, 0));
    market.check_books().await
}

#[tokio::test]
async fn one_that_fails_does_not_hold_up_the_others() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let orders = [market.buy().await?, market.buy().await?, market.buy().await?];
    for order in &orders {
        market.sms(order, "1234")?;
    }
    market.chaos.strike_next("registry", Moment::Before, Blow::Fail);
    market.chaos.strike_next("commit", Moment::Before, Blow::Contend);
    assert_eq!(market.poll_active().run_once().await?, 3);
    assert_eq!(market.wallet().await?, (10, 30));
    assert_eq!(poll(&market).await?, 3);
    assert_eq!(market.wallet().await?, (10, 0));
    market.check_books().await
}

#[tokio::test]
async fn pulling_says_what_it_found() -> Outcome {
    let (market, order) = bought().await?;
    let pull = market.pull_sms();
    assert_eq!(pull.execute(&order).await?, Pulled::Nothing);
    market.sms(&order, "1234")?;
    assert_eq!(pull.execute(&order).await?, Pulled::Delivered);
    assert_eq!(pull.execute(&order).await?, Pulled::Nothing);
    market.cheap.adapter.end(&order.lease().ok_or("a number")?.external_id);
    assert_eq!(pull.execute(&order).await?, Pulled::Ended);
    let calls = market.cheap.adapter.calls();
    assert_eq!(calls.iter().filter(|call| matches!(call, Call::Status(_))).count(), 4);
    Ok(())
}
