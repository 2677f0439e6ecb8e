//! Asking for a further message.

use std::time::Duration;

use domain::{
    fault::{Code, Fault},
    ids::{OrderId, UserId},
    orders::{Capabilities, Order, resend::ResendError},
    providers::{ProviderError, SmsCode},
    time::Clock,
};
use testkit::{Blow, Call, Market, Moment, Outcome};

async fn delivered() -> Outcome<(Market, Order)> {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.sms(&order, "1234")?;
    market.poll_active().run_once().await?;
    Ok((market, order))
}

#[tokio::test]
async fn asks_for_a_further_message_and_stores_it() -> Outcome {
    let (market, order) = delivered().await?;
    let asked = market.resend_order().execute(market.user, order.id).await?;
    let next = market.clock.now() + Market::TERMS.resend_cooldown;
    assert_eq!(asked.lease().and_then(|lease| lease.resend_from), Some(next));
    market.sms(&order, "5678")?;
    market.clock.advance_seconds(5);
    market.poll_active().run_once().await?;
    let messages = market.messages(&order).await?;
    let codes: Vec<_> =
        messages.iter().map(|message| message.code.as_ref().map(SmsCode::reveal)).collect();
    assert_eq!(codes, [Some("1234"), Some("5678")]);
    assert_eq!(market.wallet().await?, (70, 0));
    market.settle_down().await?;
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn waits_between_two_requests() -> Outcome {
    let (market, order) = delivered().await?;
    market.resend_order().execute(market.user, order.id).await?;
    market.clock.advance(Market::TERMS.resend_cooldown.saturating_sub(Duration::from_micros(1)));
    let error = market.resend_order().execute(market.user, order.id).await.unwrap_err();
    assert_eq!(error.code(), Code::Conflict);
    assert_eq!(error.public_message(), "A further SMS was asked for a moment ago");
    market.clock.advance(Duration::from_micros(1));
    market.resend_order().execute(market.user, order.id).await?;
    Ok(())
}

#[tokio::test]
async fn refuses_without_a_message_and_after_the_end() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    let refused = async || {
        let error = market.resend_order().execute(market.user, order.id).await.unwrap_err();
        assert_eq!(error.code(), Code::Conflict);
        error.public_message()
    };
    assert_eq!(refused().await, "No SMS has arrived for this order yet");
    market.sms(&order, "1234")?;
    market.poll_active().run_once().await?;
    market.clock.advance(Market::TERMS.lifetime);
    refused().await;
    market.settle_down().await?;
    assert_eq!(refused().await, "This order is completed");
    let stranger = UserId::new(market.user.get() + 1);
    for (user, id) in [(stranger, order.id), (market.user, OrderId::new(4_711))] {
        let error = market.resend_order().execute(user, id).await.unwrap_err();
        assert!(matches!(error, ResendError::NotFound), "{error}");
    }
    let id = order.lease().ok_or("a number")?.external_id.clone();
    assert!(!market.cheap.adapter.calls().contains(&Call::Resend(id)));
    Ok(())
}

#[tokio::test]
async fn changes_nothing_when_the_provider_refuses() -> Outcome {
    let (market, order) = delivered().await?;
    let before = market.order(&order).await?;
    market.cheap.adapter.then_resend_fails(ProviderError::Refused("not possible"));
    let error = market.resend_order().execute(market.user, order.id).await.unwrap_err();
    assert_eq!(error.code(), Code::ProviderError);
    assert_eq!(market.order(&order).await?, before);
    market.registry.remove(market.cheap.id);
    let error = market.resend_order().execute(market.user, order.id).await.unwrap_err();
    assert_eq!(error.code(), Code::ProviderError);
    Ok(())
}

#[tokio::test]
async fn may_be_asked_again_when_the_answer_was_not_stored() -> Outcome {
    let (market, order) = delivered().await?;
    market.chaos.strike_next("commit", Moment::Before, Blow::Fail);
    let error = market.resend_order().execute(market.user, order.id).await.unwrap_err();
    assert_eq!(error.code(), Code::ServiceUnavailable);
    let now = market.clock.now();
    assert!(Capabilities::of(&market.order(&order).await?, now).can_resend);
    market.resend_order().execute(market.user, order.id).await?;
    assert!(!Capabilities::of(&market.order(&order).await?, now).can_resend);
    Ok(())
}
