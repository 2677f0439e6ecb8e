//! Forgetting what customers received.

use std::{sync::Arc, time::Duration};

use domain::{
    orders::Status,
    privacy::forget::{ForgetSms, Forgotten},
    time::Clock,
};
use testkit::{Market, Outcome};

const DAY: Duration = Duration::from_hours(24);

fn forget(market: &Market, keep_days: u32) -> ForgetSms {
    ForgetSms::new(Arc::new(market.store.clone()), market.clock.clone(), keep_days)
}

#[tokio::test]
async fn messages_are_readable_for_so_many_whole_days() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.sms(&order, "1234")?;
    market.poll_active().run_once().await?;
    let day = market.clock.now().date_naive();
    for _ in 0..=3 {
        assert_eq!(forget(&market, 3).run_once().await?, Forgotten::default());
        assert!(market.order(&order).await?.delivery().ok_or("a message")?.text.is_some());
        market.clock.advance(DAY);
    }
    let done = forget(&market, 3).run_once().await?;
    assert_eq!(done.dropped, [day]);
    let stored = market.order(&order).await?;
    let delivery = stored.delivery().ok_or("a message")?;
    assert_eq!((&delivery.code, &delivery.text, delivery.revision), (&None, &None, 1));
    assert_eq!(stored.status(), Status::OtpReceived);
    assert_eq!(market.wallet().await?, (70, 0));
    assert_eq!(market.messages(&order).await?.len(), 1);
    assert_eq!(forget(&market, 3).run_once().await?, Forgotten::default());
    market.check_books().await
}

/// Orders run past midnight, so nothing is forgotten on the next day already.
#[tokio::test]
async fn nothing_is_forgotten_the_day_after() -> Outcome {
    let market = Market::new().await?.funded(100).await?;
    let order = market.buy().await?;
    market.sms(&order, "1234")?;
    market.poll_active().run_once().await?;
    market.clock.advance(DAY);
    assert_eq!(forget(&market, 0).run_once().await?, Forgotten::default());
    market.clock.advance(DAY);
    assert_eq!(forget(&market, 0).run_once().await?.dropped.len(), 1);
    Ok(())
}
