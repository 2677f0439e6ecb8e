//! Acting on callbacks that had to wait.

use domain::{
    inbox::{CallbackState, CallbackStore, receive::Receipt},
    tasks::{DeadLetters, TaskQueue},
};
use testkit::{Market, Outcome};

#[tokio::test]
async fn tries_later_and_later_and_gives_up_after_a_day() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    let mut callback = market.callback(&order, "1234")?;
    callback.external_id = domain::ids::ExternalId::parse("unknown").ok_or("an id")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
    let mut waits = Vec::new();
    while market.store.dead(1).await?.is_empty() {
        let mut wait: u64 = 0;
        while market.run_tasks().await? == 0 {
            // Steps of a second where waits are short.
            let step = if waits.len() < 11 { 1 } else { 60 };
            market.clock.advance_seconds(step);
            wait += step;
            assert!(wait <= 600, "nothing was due for ten minutes");
        }
        waits.push(wait);
        assert!(waits.len() <= 300, "given up too late");
    }
    assert_eq!(waits[..12], [2, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600]);
    assert_eq!(waits.len(), 300);
    // A random half of the longest pauses is waited: a day in the end.
    let total = waits.iter().sum::<u64>() / 2;
    assert!((22 * 3_600..26 * 3_600).contains(&total), "{total} seconds");
    // The callback is there for whoever tries it again, its sender or an operator.
    assert_eq!(CallbackStore::backlog(&market.store).await?, 1);
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
    market.clock.advance_seconds(2);
    assert_eq!(market.run_tasks().await?, 1);
    Ok(())
}

#[tokio::test]
async fn applies_once_the_provider_confirms() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
    market.clock.advance_seconds(2);
    assert_eq!(market.run_tasks().await?, 1);
    assert_eq!(market.wallet().await?, (70, 30));
    market.sms(&order, "1234")?;
    market.clock.advance_seconds(1);
    assert_eq!(market.run_tasks().await?, 1);
    assert_eq!(market.wallet().await?, (70, 0));
    let stored = CallbackStore::store(&market.store, &callback, testkit::start_of_time()).await?;
    assert_eq!(stored.state, CallbackState::Applied);
    market.clock.advance_seconds(600);
    assert_eq!(market.run_tasks().await?, 0);
    Ok(())
}

#[tokio::test]
async fn one_that_fails_does_not_hold_up_the_others() -> Outcome {
    use testkit::{Blow, Moment};
    let market = Market::trusting().await?.funded(100).await?;
    for _ in 0..3 {
        let order = market.buy().await?;
        let callback = market.callback(&order, "1234")?;
        CallbackStore::store(&market.store, &callback, testkit::start_of_time()).await?;
    }
    market.clock.advance_seconds(2);
    market.chaos.strike_next("commit", Moment::Before, Blow::Fail);
    assert_eq!(market.run_tasks().await?, 3);
    assert_eq!(market.wallet().await?, (10, 30));
    assert_eq!(market.run_tasks().await?, 0);
    market.clock.advance_seconds(1);
    assert_eq!(market.run_tasks().await?, 1);
    assert_eq!(market.wallet().await?, (10, 0));
    market.check_books().await
}

#[tokio::test]
async fn what_was_applied_at_once_leaves_no_task() -> Outcome {
    let market = Market::trusting().await?.funded(100).await?;
    let order = market.buy().await?;
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Applied);
    assert_eq!(market.store.kinds().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_sender_that_repeats_itself_gives_its_callback_a_new_chance() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    let callback = market.callback(&order, "1234")?;
    for _ in 0..1_000 {
        assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
        market.clock.advance_seconds(2);
        assert_eq!(market.run_tasks().await?, 1);
    }
    assert_eq!(market.store.dead(10).await?, []);
    market.sms(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Applied);
    assert_eq!(market.wallet().await?, (70, 0));
    Ok(())
}
