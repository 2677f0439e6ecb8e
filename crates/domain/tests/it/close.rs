//! Telling providers that orders are over.

use std::time::Duration;

use domain::{
    ids::OrderId,
    orders::{Order, Status},
    providers::{CancelOutcome, ProviderError},
    tasks::{DeadLetters, NewTask, Subject, TaskKind, TaskQueue},
};
use testkit::{Blow, Call, Market, Moment, Outcome};

/// An order that expired and of which the provider has not heard yet.
async fn expired() -> Outcome<(Market, Order)> {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.clock.advance(Market::TERMS.lifetime);
    market.cheap.adapter.then_cancel(Ok(CancelOutcome::TooEarly));
    market.expire_orders().run_once().await?;
    assert_eq!(market.order(&order).await?.status(), Status::Expired);
    Ok((market, order))
}

async fn is_open(market: &Market, order: &Order) -> Outcome<bool> {
    Ok(market.order(order).await?.upstream_open)
}

#[tokio::test]
async fn gives_back_the_number_of_an_expired_order() -> Outcome {
    let (market, order) = expired().await?;
    assert_eq!(market.run_tasks().await?, 1);
    assert!(market.cheap.adapter.sold()[0].canceled);
    assert!(!is_open(&market, &order).await?);
    market.clock.advance_seconds(30);
    assert_eq!(market.run_tasks().await?, 0);
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn finishes_the_number_of_a_completed_order() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.sms(&order, "1234")?;
    market.poll_active().run_once().await?;
    assert_eq!(market.run_tasks().await?, 0);
    market.finish_order().execute(market.user, order.id).await?;
    market.cheap.adapter.then_finish_fails(ProviderError::Unavailable("timeout"));
    market.run_tasks().await?;
    assert!(is_open(&market, &order).await?);
    market.clock.advance_seconds(30);
    market.run_tasks().await?;
    assert!(!is_open(&market, &order).await?);
    assert!(market.cheap.adapter.sold()[0].finished);
    assert_eq!(market.check_story().await?, 0);
    Ok(())
}

#[tokio::test]
async fn asks_again_until_the_provider_has_understood() -> Outcome {
    let (market, order) = expired().await?;
    market
        .cheap
        .adapter
        .then_cancel(Ok(CancelOutcome::TooEarly))
        .then_cancel(Err(ProviderError::Unavailable("timeout")))
        .then_cancel(Err(ProviderError::Refused("key")));
    // Fifteen seconds and the longest pause after the first try, then the longest pause.
    for pause in [17, 4, 8] {
        assert_eq!(market.run_tasks().await?, 1);
        assert!(is_open(&market, &order).await?);
        market.clock.advance_seconds(pause - 1);
        assert_eq!(market.run_tasks().await?, 0);
        market.clock.advance_seconds(1);
    }
    market.run_tasks().await?;
    assert!(!is_open(&market, &order).await?);
    Ok(())
}

#[tokio::test]
async fn lets_go_of_what_cannot_be_given_back() -> Outcome {
    for outcome in [CancelOutcome::Missing, CancelOutcome::Delivered] {
        let (market, order) = expired().await?;
        market.cheap.adapter.then_cancel(Ok(outcome));
        market.run_tasks().await?;
        assert!(!is_open(&market, &order).await?, "{outcome:?}");
        assert_eq!(market.wallet().await?, (100, 0));
        let paid = if outcome == CancelOutcome::Delivered { order.quote.cost.micros() } else { 0 };
        assert_eq!(late_expense(&market).await?, paid, "{outcome:?}");
        market.check_books().await?;
    }
    Ok(())
}

/// What we paid for messages that came after a refund.
async fn late_expense(market: &Market) -> Outcome<i64> {
    let report = market.audit().await?;
    assert_eq!(report.findings, []);
    let late = report.trial_balance.iter().filter(|line| line.class == "late_sms_expense");
    // What we spent stands below zero.
    Ok(-late.map(|line| line.balance).sum::<i64>())
}

#[tokio::test]
async fn books_a_late_message_once() -> Outcome {
    for (method, moment) in [
        ("post", Moment::After),
        ("finish_task", Moment::After),
        ("commit", Moment::Before),
        ("commit", Moment::After),
    ] {
        let (market, order) = expired().await?;
        for _ in 0..2 {
            market.cheap.adapter.then_cancel(Ok(CancelOutcome::Delivered));
        }
        market.chaos.strike_next(method, moment, Blow::Fail);
        market.run_tasks().await?;
        market.clock.advance_seconds(30);
        market.run_tasks().await?;
        assert!(!is_open(&market, &order).await?, "{method}");
        assert_eq!(late_expense(&market).await?, order.quote.cost.micros(), "{method}");
    }
    Ok(())
}

#[tokio::test]
async fn waits_for_a_provider_that_is_not_to_be_found() -> Outcome {
    let (market, order) = expired().await?;
    market.chaos.strike_next("registry", Moment::Before, Blow::Fail);
    market.run_tasks().await?;
    assert!(is_open(&market, &order).await?);
    market.clock.advance_seconds(30);
    market.registry.remove(market.cheap.id);
    market.run_tasks().await?;
    assert!(is_open(&market, &order).await?);
    Ok(())
}

#[tokio::test]
async fn repeats_itself_when_its_note_was_lost() -> Outcome {
    for method in ["update", "finish_task", "commit"] {
        let (market, order) = expired().await?;
        market.chaos.strike_next(method, Moment::Before, Blow::Fail);
        assert_eq!(market.run_tasks().await?, 1);
        assert!(is_open(&market, &order).await?, "{method}");
        market.clock.advance_seconds(30);
        assert_eq!(market.run_tasks().await?, 1);
        assert!(!is_open(&market, &order).await?, "{method}");
        let id = order.lease().ok_or("a number")?.external_id.clone();
        let calls = market.cheap.adapter.calls();
        assert_eq!(calls.iter().filter(|call| **call == Call::Cancel(id.clone())).count(), 3);
        assert_eq!(market.run_tasks().await?, 0);
        assert_eq!(market.check_story().await?, 0);
    }
    Ok(())
}

#[tokio::test]
async fn leaves_to_the_operator_what_is_not_understood_for_a_day() -> Outcome {
    let (market, order) = expired().await?;
    market.registry.remove(market.cheap.id);
    let mut tries = 0;
    while market.store.dead(1).await?.is_empty() {
        tries += market.run_tasks().await?;
        market.clock.advance(Duration::from_mins(10));
    }
    assert_eq!(tries, 300);
    assert!(is_open(&market, &order).await?);
    assert_eq!(market.wallet().await?, (100, 0));
    Ok(())
}

#[tokio::test]
async fn refuses_what_is_no_ended_order() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let running = market.buy().await?;
    for subject in [running.id.into(), OrderId::new(4_711).into(), subject("x")?] {
        let task = NewTask::new(TaskKind::CloseUpstream, subject);
        market.store.enqueue_now(&task).await?;
    }
    assert_eq!(market.run_tasks().await?, 3);
    assert_eq!(market.store.dead(10).await?.len(), 3);
    assert!(!market.cheap.adapter.sold()[0].canceled);
    Ok(())
}

fn subject(text: &str) -> Outcome<Subject> {
    Ok(Subject::parse(text).ok_or("a subject")?)
}
