//! Payments of which no notification told.

use std::time::Duration;

use domain::{
    gateways::{DisputeReport, DisputeState, GatewayError, PaymentStatus},
    outbox::Queue,
    tasks::{DeadLetters, TaskQueue},
    topups::{Topup, TopupState},
};
use testkit::{Blow, Market, Moment, Outcome};

const PAID: i64 = 50_000;
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

async fn poll(market: &Market) -> Outcome<usize> {
    let polled = market.poll_topups().run_once().await?;
    market.run_tasks().await?;
    Ok(polled)
}

/// How long a top-up waits for its next look, in minutes.
async fn pauses(market: &Market, looks: usize) -> Outcome<Vec<u32>> {
    let mut pauses = Vec::new();
    let mut waited = 0;
    while pauses.len() < looks {
        market.clock.advance(MINUTE);
        waited += 1;
        if poll(market).await? > 0 {
            pauses.push(waited);
            waited = 0;
        }
        if waited > 2 * 24 * 60 {
            return Err("never looked at again".into());
        }
    }
    Ok(pauses)
}

#[tokio::test]
async fn finds_a_payment_nobody_told_of() -> Outcome {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.gateway, PAID).await?;
    market.gateway.pay(&payment);
    assert_eq!(poll(&market).await?, 0, "not due yet");
    market.clock.advance(MINUTE);
    market.wake.take();
    assert_eq!(poll(&market).await?, 1);
    assert_eq!(market.wake.take(), [Queue::Tasks]);
    assert_eq!(market.wallet().await?, (PAID, 0));
    assert_eq!(market.topup(&topup).await?.state, TopupState::Paid);
    market.check_books().await
}

#[tokio::test]
async fn looks_ever_more_rarely() -> Outcome {
    let market = Market::new().await?;
    market.started(&market.gateway, PAID).await?;
    let first = pauses(&market, 12).await?;
    assert_eq!(first, [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 5, 5]);
    market.clock.advance(Duration::from_hours(2));
    poll(&market).await?;
    assert_eq!(pauses(&market, 3).await?, [15, 15, 15]);
    market.clock.advance(Duration::from_hours(12));
    poll(&market).await?;
    assert_eq!(pauses(&market, 2).await?, [60, 60]);
    market.clock.advance(7 * DAY);
    poll(&market).await?;
    assert_eq!(pauses(&market, 2).await?, [24 * 60, 24 * 60]);
    Ok(())
}

#[tokio::test]
async fn looks_once_more_a_day_after_the_end() -> Outcome {
    for status in [PaymentStatus::Expired, PaymentStatus::Settled] {
        let market = Market::new().await?;
        let (topup, payment) = market.started(&market.gateway, PAID).await?;
        if status == PaymentStatus::Settled {
            market.gateway.pay(&payment);
        }
        market.learn(&market.gateway, &payment, |report| report.status = status).await?;
        market.clock.advance(Duration::from_mins(24 * 60 - 1));
        assert_eq!(poll(&market).await?, 0);
        market.clock.advance(MINUTE);
        assert_eq!(poll(&market).await?, 1);
        assert_eq!(market.topup(&topup).await?.poll_at, None);
        market.clock.advance(30 * DAY);
        assert_eq!(poll(&market).await?, 0);
    }
    Ok(())
}

#[tokio::test]
async fn follows_a_dispute_until_it_is_decided() -> Outcome {
    let market = Market::new().await?;
    let (topup, payment) = market.started(&market.gateway, PAID).await?;
    market.gateway.pay(&payment);
    let dispute =
        DisputeReport { id: "dp_1".to_owned(), amount: topup.charge, state: DisputeState::Open };
    market.learn(&market.gateway, &payment, |report| report.disputes.push(dispute)).await?;
    for _ in 0..60 {
        market.clock.advance(DAY);
        assert_eq!(poll(&market).await?, 1);
    }
    market.gateway.alter(&payment, |report| report.disputes[0].state = DisputeState::Won);
    market.clock.advance(DAY);
    assert_eq!(poll(&market).await?, 1);
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}

#[tokio::test]
async fn gives_up_a_topup_of_which_no_gateway_heard() -> Outcome {
    let market = Market::new().await?;
    market.gateway.then_refuse(GatewayError::Unavailable("timeout"));
    assert!(market.started(&market.gateway, PAID).await.is_err());
    let first = async || -> Outcome<Topup> {
        Ok(market.store.all_topups().await.into_iter().next().ok_or("a top-up")?)
    };
    market.clock.advance(Duration::from_mins(24 * 60 - 1));
    assert_eq!(poll(&market).await?, 1);
    assert_eq!(first().await?.state, TopupState::Created);
    market.clock.advance(Duration::from_hours(1));
    assert_eq!(poll(&market).await?, 1);
    assert_eq!(first().await?.state, TopupState::Expired);
    // The question ended with its answer: nothing is tried again, nothing lies dead.
    assert_eq!(market.store.dead(10).await?, []);
    assert!(market.store.stats().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn finds_a_payment_whose_page_was_not_heard_of() -> Outcome {
    let market = Market::new().await?;
    market.chaos.strike_next("create_checkout", Moment::After, Blow::Fail);
    assert!(market.started(&market.gateway, PAID).await.is_err());
    let payment = market.gateway.payments().into_iter().next().ok_or("a payment")?;
    market.gateway.pay(&payment.payment_id);
    market.clock.advance(MINUTE);
    assert_eq!(poll(&market).await?, 1);
    assert_eq!(market.wallet().await?, (PAID, 0));
    market.check_payins().await
}

#[tokio::test]
async fn fetches_notifications_that_did_not_arrive() -> Outcome {
    let market = Market::new().await?;
    let (_, payment) = market.started(&market.gateway, PAID).await?;
    market.gateway.pay(&payment);
    market.gateway.lose_hint(&payment);
    market.wake.take();
    assert_eq!(market.catch_up().run_once().await?, 1);
    assert_eq!(market.wake.take(), [Queue::Tasks]);
    market.run_tasks().await?;
    assert_eq!(market.wallet().await?, (PAID, 0));
    // The gateway keeps it in its list for days.
    assert_eq!(market.catch_up().run_once().await?, 0);
    assert_eq!(market.wake.take(), []);
    Ok(())
}

#[tokio::test]
async fn catches_up_with_one_gateway_while_another_is_away() -> Outcome {
    let market = Market::new().await?;
    let (_, payment) = market.started(&market.bank, PAID).await?;
    market.bank.pay(&payment);
    market.bank.lose_hint(&payment);
    market.chaos.strike_next("missed", Moment::Before, Blow::Fail);
    assert_eq!(market.catch_up().run_once().await?, 1);
    market.run_tasks().await?;
    assert_eq!(market.wallet().await?, (PAID, 0));
    Ok(())
}
