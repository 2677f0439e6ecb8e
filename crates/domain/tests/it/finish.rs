//! Completing by the customer.

use domain::{
    fault::{Code, Fault},
    ids::{OrderId, UserId},
    orders::{Order, Status, finish::FinishError},
    outbox::{EventKind, Queue},
};
use testkit::{Blow, Call, Market, Moment, Outcome, Sale};

async fn delivered() -> Outcome<(Market, Order)> {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.sms(&order, "1234")?;
    market.poll_active().run_once().await?;
    market.wake.take();
    Ok((market, order))
}

#[tokio::test]
async fn completes_a_delivered_order() -> Outcome {
    let (market, order) = delivered().await?;
    let completed = market.finish_order().execute(market.user, order.id).await?;
    assert_eq!(completed.status(), Status::Completed);
    assert_eq!(market.order(&order).await?, completed);
    assert_eq!(market.wallet().await?, (70, 0));
    assert_eq!(market.wake.take(), [Queue::Events]);
    let told = [EventKind::OrderActive, EventKind::OrderOtpReceived, EventKind::OrderCompleted];
    assert_eq!(market.events(&order).await?, told);
    market.check_books().await
}

#[tokio::test]
async fn leaves_telling_the_provider_to_the_reconciler() -> Outcome {
    let (market, order) = delivered().await?;
    let id = order.lease().ok_or("a number")?.external_id.clone();
    market.finish_order().execute(market.user, order.id).await?;
    assert!(!market.cheap.adapter.calls().contains(&Call::Finish(id.clone())));
    market.run_tasks().await?;
    assert!(market.cheap.adapter.calls().contains(&Call::Finish(id)));
    assert!(!market.order(&order).await?.upstream_open);
    Ok(())
}

#[tokio::test]
async fn refuses_what_has_no_message_or_is_over() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    let finish = async || {
        let error = market.finish_order().execute(market.user, order.id).await.unwrap_err();
        assert_eq!(error.code(), Code::Conflict);
        error.public_message()
    };
    assert_eq!(finish().await, "No SMS has arrived for this order yet");
    market.sms(&order, "1234")?;
    market.poll_active().run_once().await?;
    market.finish_order().execute(market.user, order.id).await?;
    assert_eq!(finish().await, "This order is completed");
    assert_eq!(market.events(&order).await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn finds_only_public_orders_of_the_customer() -> Outcome {
    let (market, order) = delivered().await?;
    market.cheap.adapter.then_sale(Sale::AnswerLost);
    assert!(market.buy().await.is_err());
    let reserving = OrderId::new(order.id.get() + 1);
    let stranger = UserId::new(market.user.get() + 1);
    for (user, id) in
        [(stranger, order.id), (market.user, reserving), (market.user, OrderId::new(4_711))]
    {
        let error = market.finish_order().execute(user, id).await.unwrap_err();
        assert!(matches!(error, FinishError::NotFound), "{error}");
        assert_eq!(error.code(), Code::NotFound);
    }
    assert_eq!(market.order(&order).await?.status(), Status::OtpReceived);
    Ok(())
}

#[tokio::test]
async fn tells_storage_that_failed_from_a_lost_race() -> Outcome {
    let (market, order) = delivered().await?;
    market.chaos.strike_next("commit", Moment::Before, Blow::Fail);
    let error = market.finish_order().execute(market.user, order.id).await.unwrap_err();
    assert_eq!(error.code(), Code::ServiceUnavailable);
    market.chaos.strike_next("commit", Moment::Before, Blow::Contend);
    market.finish_order().execute(market.user, order.id).await?;
    Ok(())
}
