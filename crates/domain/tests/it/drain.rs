//! Acting on callbacks that had to wait.

use domain::inbox::{CallbackState, CallbackStore, receive::Receipt};
use testkit::{Market, Outcome};

#[tokio::test]
async fn tries_later_and_later_and_gives_up_after_a_day() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    let mut callback = market.callback(&order, "1234")?;
    callback.external_id = domain::ids::ExternalId::parse("unknown").ok_or("an id")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
    let mut waits = Vec::new();
    let mut total: u64 = 0;
    while CallbackStore::backlog(&market.store).await? == (1, 0) {
        let mut wait: u64 = 0;
        while market.drain_inbox().run_once().await? == 0 {
            // Steps of a second where waits are short, of their greatest common measure beyond.
            let step = if waits.len() < 5 { 1 } else { 60 };
            market.clock.advance_seconds(step);
            wait += step;
            assert!(wait <= 600, "nothing was due for ten minutes");
        }
        total += wait;
        waits.push(wait);
        assert!(waits.len() <= 150, "given up too late");
    }
    assert_eq!(waits[..7], [1, 2, 5, 15, 60, 600, 600]);
    assert_eq!(waits.len(), 150);
    assert!((22 * 3_600..26 * 3_600).contains(&total), "{total} seconds");
    assert_eq!(CallbackStore::backlog(&market.store).await?, (0, 1));
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Settled);
    Ok(())
}

#[tokio::test]
async fn applies_once_the_provider_confirms() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    let callback = market.callback(&order, "1234")?;
    assert_eq!(market.receive_sms().execute(&callback).await?, Receipt::Kept);
    market.clock.advance_seconds(1);
    assert_eq!(market.drain_inbox().run_once().await?, 1);
    assert_eq!(market.wallet().await?, (70, 30));
    market.sms(&order, "1234")?;
    market.clock.advance_seconds(2);
    assert_eq!(market.drain_inbox().run_once().await?, 1);
    assert_eq!(market.wallet().await?, (70, 0));
    let stored = CallbackStore::store(&market.store, &callback, testkit::start_of_time()).await?;
    assert_eq!((stored.state, stored.attempts), (CallbackState::Applied, 2));
    market.clock.advance_seconds(600);
    assert_eq!(market.drain_inbox().run_once().await?, 0);
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
    market.chaos.strike_next("commit", Moment::Before, Blow::Fail);
    assert_eq!(market.drain_inbox().run_once().await?, 3);
    assert_eq!(market.wallet().await?, (10, 30));
    assert_eq!(market.drain_inbox().run_once().await?, 0);
    market.clock.advance_seconds(15);
    assert_eq!(market.drain_inbox().run_once().await?, 1);
    assert_eq!(market.wallet().await?, (10, 0));
    market.check_books().await
}
