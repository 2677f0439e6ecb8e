//! Taking in callbacks.

use domain::{
    inbox::{Callback, CallbackState, CallbackStore, MessageSource, receive::Receipt},
    money::Currency,
    orders::{Order, Status},
    outbox::{EventKind, Queue},
    providers::{ProviderError, SmsText, UpstreamStatus},
};
use testkit::{Blow, Call, Market, Moment, Outcome, Sale};

async fn bought() -> Outcome<(Market, Order)> {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.wake.take();
    Ok((market, order))
}

async fn state(market: &Market, callback: &Callback) -> Outcome<CallbackState> {
    let at = testkit::start_of_time();
    Ok(CallbackStore::store(&market.store, callback, at).await?.state)
}

fn statuses(market: &Market) -> usize {
    let calls = market.cheap.adapter.calls();
    calls.iter().filter(|call| matches!(call, Call::Status(_))).count()
}

#[tokio::test]
async fn stores_a_confirmed_message_and_earns_the_money() -> Outcome {
    let (market, order) = bought().await?;
    market.sms(&order, "1234")?;
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Applied);
    assert_eq!(market.order(&order).await?.status(), Status::OtpReceived);
    let messages = market.messages(&order).await?;
    assert_eq!((messages.len(), messages[0].source), (1, MessageSource::Callback));
    assert_eq!(market.wallet().await?, (70, 0));
    assert_eq!(state(&market, &callback).await?, CallbackState::Applied);
    assert_eq!(market.wake.take(), [Queue::Events]);
    let told = [EventKind::OrderActive, EventKind::OrderOtpReceived];
    assert_eq!(market.events(&order).await?, told);
    market.check_books().await
}

#[tokio::test]
async fn a_repeat_changes_nothing_and_asks_nobody() -> Outcome {
    let (market, order) = bought().await?;
    market.sms(&order, "1234")?;
    let callback = market.callback(&order, "1234")?;
    market.receive_sms().execute(&callback).await?;
    let before = market.order(&order).await?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Settled);
    assert_eq!((market.order(&order).await?, statuses(&market)), (before, 1));
    assert_eq!(market.events(&order).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn believes_a_trusted_provider_without_asking() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Applied);
    assert_eq!(statuses(&market), 0);
    Ok(())
}

#[tokio::test]
async fn keeps_a_callback_that_the_provider_contradicts() -> Outcome {
    for answer in [UpstreamStatus::Waiting, UpstreamStatus::Missing] {
        let (market, order) = bought().await?;
        let callback = market.callback(&order, "1234")?;
        market.cheap.adapter.then_status(Ok(answer));
        assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
        assert_eq!(market.order(&order).await?, order);
        assert_eq!(market.wallet().await?, (70, 30));
        assert_eq!(state(&market, &callback).await?, CallbackState::Pending);
    }
    Ok(())
}

#[tokio::test]
async fn believes_when_the_provider_cannot_be_asked() -> Outcome {
    let (market, order) = bought().await?;
    market.cheap.adapter.then_status(Err(ProviderError::Unavailable("timeout")));
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Applied);
    assert_eq!(market.wallet().await?, (70, 0));
    Ok(())
}

#[tokio::test]
async fn leaves_a_running_order_that_ended_upstream_to_the_poller() -> Outcome {
    let (market, order) = bought().await?;
    market.cheap.adapter.end(&order.lease().ok_or("a number")?.external_id);
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
    market.clock.advance_seconds(2);
    assert_eq!(market.run_tasks().await?, 1);
    assert_eq!(state(&market, &callback).await?, CallbackState::Pending);
    assert_eq!(market.wallet().await?, (70, 30));
    market.poll_active().run_once().await?;
    market.clock.advance_seconds(2);
    assert_eq!(market.run_tasks().await?, 1);
    assert_eq!(state(&market, &callback).await?, CallbackState::Late);
    assert_eq!(market.wallet().await?, (100, 0));
    assert_eq!(market.balance("late_sms_expense", Currency::Usd).await?, 0);
    market.check_books().await
}

#[tokio::test]
async fn stores_a_further_message_of_a_number_that_ended_upstream() -> Outcome {
    let (market, order) = bought().await?;
    market.sms(&order, "1111")?;
    market.receive_sms().execute(&market.callback(&order, "1111")?).await?;
    market.sms(&order, "2222")?;
    market.cheap.adapter.end(&order.lease().ok_or("a number")?.external_id);
    let second = market.callback(&order, "2222")?;
    assert_eq!(market.receive_sms().execute(&second).await?, Receipt::Applied);
    assert_eq!(market.messages(&order).await?.len(), 2);
    assert_eq!(market.wallet().await?, (70, 0));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn keeps_a_callback_of_a_provider_that_is_gone() -> Outcome {
    let (market, order) = bought().await?;
    market.registry.remove(market.cheap.id);
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
    assert_eq!(market.order(&order).await?, order);
    Ok(())
}

#[tokio::test]
async fn keeps_a_callback_that_comes_before_its_number() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    market.cheap.adapter.then_sale(Sale::AnswerLost);
    assert!(market.buy().await.is_err());
    let sold = market.cheap.adapter.sold().pop().ok_or("a number")?;
    let callback = Callback {
        provider: market.cheap.id,
        external_id: sold.activation.external_id.clone(),
        code: None,
        text: SmsText::new("Your code is 1234"),
        received_at: "now".to_owned(),
    };
    market.cheap.adapter.deliver(&callback.external_id, None, Some("Your code is 1234"));
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
    assert_eq!(statuses(&market), 0);
    market.clock.advance_seconds(31);
    market.settle_reserving().run_once().await?;
    market.run_tasks().await?;
    assert_eq!(market.wallet().await?, (70, 0));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn notes_a_message_that_comes_after_the_end() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    market.settle_down().await?;
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Settled);
    assert_eq!(state(&market, &callback).await?, CallbackState::Late);
    assert_eq!((market.wallet().await?, market.messages(&order).await?.len()), ((100, 0), 0));
    assert_eq!(market.order(&order).await?.status(), Status::Expired);
    assert_eq!(market.events(&order).await?.len(), 2);
    let cost = order.quote.cost.micros();
    assert_eq!(market.balance("late_sms_expense", Currency::Usd).await?, -cost);
    let again = market.callback(&order, "5678")?;
    assert_eq!(market.receive_sms().execute(&again).await?, Receipt::Settled);
    assert_eq!(market.balance("late_sms_expense", Currency::Usd).await?, -cost);
    market.check_books().await
}

#[tokio::test]
async fn notes_a_message_that_comes_after_completion() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    market.receive_sms().execute(&market.callback(&order, "1234")?).await?;
    market.finish_order().execute(market.user, order.id).await?;
    let second = market.callback(&order, "5678")?;
    assert_eq!(market.receive_sms().execute(&second).await?, Receipt::Settled);
    assert_eq!(state(&market, &second).await?, CallbackState::Late);
    assert_eq!(market.messages(&order).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn stores_each_of_several_messages() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    let first = market.callback(&order, "1111")?;
    let same_text_later = Callback { received_at: "later".to_owned(), ..first.clone() };
    for (callback, count) in
        [(&first, 1), (&market.callback(&order, "2222")?, 2), (&same_text_later, 3)]
    {
        assert_eq!(market.receive_sms().execute(callback).await?, Receipt::Applied);
        assert_eq!(market.messages(&order).await?.len(), count);
    }
    assert_eq!(market.wallet().await?, (70, 0));
    assert_eq!(market.events(&order).await?.len(), 4);
    market.check_books().await
}

#[tokio::test]
async fn completes_the_text_of_a_message_that_a_poll_brought_first() -> Outcome {
    let (market, order) = bought().await?;
    let id = order.lease().ok_or("a number")?.external_id.clone();
    market.cheap.adapter.deliver(&id, Some("1234"), None);
    market.poll_active().run_once().await?;
    assert_eq!(market.messages(&order).await?[0].text, Some(SmsText::new("1234")));
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Settled);
    assert_eq!(state(&market, &callback).await?, CallbackState::Known);
    let messages = market.messages(&order).await?;
    assert_eq!((messages.len(), messages[0].source), (1, MessageSource::Callback));
    assert_eq!(messages[0].text.as_ref(), Some(&callback.text));
    let stored = market.order(&order).await?;
    let delivery = stored.delivery().ok_or("a message")?;
    assert_eq!((delivery.text.as_ref(), delivery.revision), (Some(&callback.text), 1));
    assert_eq!(market.events(&order).await?.len(), 2);
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn completes_the_text_of_an_order_that_is_over() -> Outcome {
    let (market, order) = bought().await?;
    let id = order.lease().ok_or("a number")?.external_id.clone();
    market.cheap.adapter.deliver(&id, Some("1234"), None);
    market.poll_active().run_once().await?;
    market.finish_order().execute(market.user, order.id).await?;
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Settled);
    let stored = market.order(&order).await?;
    assert_eq!(stored.delivery().and_then(|d| d.text.as_ref()), Some(&callback.text));
    assert_eq!(stored.status(), Status::Completed);
    Ok(())
}

#[tokio::test]
async fn completes_an_older_message_without_touching_the_newest() -> Outcome {
    let (market, order) = bought().await?;
    let id = order.lease().ok_or("a number")?.external_id.clone();
    for code in ["1111", "2222"] {
        market.cheap.adapter.deliver(&id, Some(code), None);
        market.poll_active().run_once().await?;
        market.clock.advance_seconds(5);
    }
    market.receive_sms().execute(&market.callback(&order, "1111")?).await?;
    let texts: Vec<_> = market.messages(&order).await?.into_iter().filter_map(|m| m.text).collect();
    assert_eq!(texts, [SmsText::new("Your code is 1111"), SmsText::new("2222")]);
    let stored = market.order(&order).await?;
    assert_eq!(stored.delivery().and_then(|d| d.text.clone()), Some(SmsText::new("2222")));
    Ok(())
}

#[tokio::test]
async fn a_poll_after_the_callback_brings_nothing_new() -> Outcome {
    let (market, order) = bought().await?;
    market.sms(&order, "1234")?;
    market.receive_sms().execute(&market.callback(&order, "1234")?).await?;
    let id = order.lease().ok_or("a number")?.external_id.clone();
    market.cheap.adapter.deliver(&id, Some("1234"), Some("1234"));
    market.poll_active().run_once().await?;
    assert_eq!(market.messages(&order).await?.len(), 1);
    assert_eq!(market.events(&order).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn recognises_the_code_where_the_provider_names_none() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    let callback = Callback { code: None, ..market.callback(&order, "1234")? };
    market.receive_sms().execute(&callback).await?;
    let stored = market.order(&order).await?;
    assert_eq!(stored.delivery().and_then(|d| d.code.as_ref()), Some(&"1234".into()));
    Ok(())
}

#[tokio::test]
async fn tells_the_sender_to_repeat_only_what_was_not_stored() -> Outcome {
    let (market, order) = bought().await?;
    market.sms(&order, "1234")?;
    let callback = market.callback(&order, "1234")?;
    market.chaos.strike_next("store_callback", Moment::Before, Blow::Fail);
    assert!(market.receive_sms().execute(&callback).await.is_err());
    for method in ["has_order", "trusts", "registry", "begin", "post", "commit"] {
        let (market, order) = bought().await?;
        market.sms(&order, "1234")?;
        let callback = market.callback(&order, "1234")?;
        market.chaos.strike_next(method, Moment::Before, Blow::Fail);
        assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept, "{method}");
        assert_eq!(market.wallet().await?, (70, 30), "{method}");
        market.clock.advance_seconds(15);
        market.run_tasks().await?;
        assert_eq!(market.wallet().await?, (70, 0), "{method}");
        market.check_books().await?;
    }
    Ok(())
}

#[tokio::test]
async fn two_at_once_store_one_message() -> Outcome {
    let (market, order) = bought().await?;
    market.sms(&order, "1234")?;
    let callback = market.callback(&order, "1234")?;
    let receive = market.receive_sms();
    let rest = crate::support::stop_after(&market, "status", receive.execute(&callback)).await?;
    assert_eq!(receive.execute(&callback).await?, Receipt::Applied);
    assert_eq!(rest.await?, Receipt::Settled);
    assert_eq!(market.messages(&order).await?.len(), 1);
    assert_eq!(market.events(&order).await?.len(), 2);
    market.check_books().await
}
