//! Equal callbacks, a cancellation, a poll and the end of the window, in every possible order.

use domain::{
    inbox::Callback,
    orders::{Order, Status},
    outbox::EventKind,
};
use testkit::{Market, Outcome};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Callback,
    Cancel,
    Expiry,
    Poll,
}

use Step::{Cancel, Expiry, Poll};

/// Every sequence of `callbacks` equal callbacks and each of `others` once.
fn orderings(callbacks: usize, others: &[Step]) -> Vec<Vec<Step>> {
    let mut all = vec![vec![Step::Callback; callbacks]];
    for other in others {
        let longer = all.iter().flat_map(|shorter| {
            (0..=shorter.len()).map(|place| {
                let mut longer = shorter.clone();
                longer.insert(place, *other);
                longer
            })
        });
        all = longer.collect();
    }
    all
}

async fn take(market: &Market, order: &Order, callback: &Callback, step: Step) -> Outcome {
    match step {
        Step::Callback => {
            market.receive_sms().execute(callback).await?;
        }
        Cancel => {
            // Refused wherever something else came first.
            let _ = market.cancel_order().execute(market.user, order.id).await;
        }
        Expiry => {
            market.clock.advance(Market::TERMS.lifetime);
            market.expire_orders().run_once().await?;
        }
        Poll => {
            market.clock.advance_seconds(5);
            market.poll_active().run_once().await?;
        }
    }
    market.check_books().await
}

async fn bought(trusting: bool) -> Outcome<(Market, Order)> {
    let market = if trusting { Market::trusting().await? } else { Market::new().await? };
    let market = market.funded(100).await?;
    let order = market.buy().await?;
    market.clock.advance(Market::TERMS.minimum_cancel);
    Ok((market, order))
}

async fn assert_told_once(market: &Market, order: &Order, end: EventKind) -> Outcome {
    let delivered = end == EventKind::OrderCompleted;
    let mut expected = vec![EventKind::OrderActive];
    expected.extend(delivered.then_some(EventKind::OrderOtpReceived));
    expected.push(end);
    assert_eq!(market.events(order).await?, expected);
    assert_eq!(market.messages(order).await?.len(), usize::from(delivered));
    assert_eq!(market.wallet().await?, (if delivered { 70 } else { 100 }, 0));
    market.check_books().await
}

/// The message is at the provider from the start: whatever comes first, it is delivered.
async fn delivers_in_every_order(trusting: bool, callbacks: usize, others: &[Step]) -> Outcome {
    for ordering in orderings(callbacks, others) {
        let (market, order) = bought(trusting).await?;
        market.sms(&order, "1234")?;
        let callback = market.callback(&order, "1234")?;
        for step in &ordering {
            take(&market, &order, &callback, *step).await?;
        }
        market.settle_down().await?;
        assert_eq!(market.order(&order).await?.status(), Status::Completed, "{ordering:?}");
        assert_told_once(&market, &order, EventKind::OrderCompleted).await?;
        assert_eq!(market.check_story().await?, 0, "{ordering:?}");
    }
    Ok(())
}

#[test]
fn orderings_are_complete_and_distinct() {
    let all = orderings(10, &[Cancel, Expiry]);
    assert_eq!(all.len(), 12 * 11);
    for (index, ordering) in all.iter().enumerate() {
        assert!(!all[..index].contains(ordering));
    }
}

#[tokio::test]
async fn ten_callbacks_with_cancel_and_expiry() -> Outcome {
    delivers_in_every_order(false, 10, &[Cancel, Expiry]).await
}

#[tokio::test]
async fn ten_believed_callbacks_with_cancel_and_expiry() -> Outcome {
    delivers_in_every_order(true, 10, &[Cancel, Expiry]).await
}

#[tokio::test]
async fn some_callbacks_with_cancel_and_expiry_and_a_poll() -> Outcome {
    delivers_in_every_order(false, 4, &[Cancel, Expiry, Poll]).await
}

#[tokio::test]
async fn some_callbacks_with_two_cancels_and_a_poll() -> Outcome {
    delivers_in_every_order(true, 3, &[Cancel, Poll, Cancel]).await
}

/// The provider knows of no message, but its callback is believed: the first one to come decides,
/// and nothing that follows changes it.
#[tokio::test]
async fn the_first_decides_where_provider_and_callback_disagree() -> Outcome {
    for ordering in orderings(10, &[Cancel, Expiry]) {
        let (market, order) = bought(true).await?;
        let callback = market.callback(&order, "1234")?;
        for step in &ordering {
            take(&market, &order, &callback, *step).await?;
        }
        market.settle_down().await?;
        let end = match ordering[0] {
            Step::Callback => EventKind::OrderCompleted,
            Cancel => EventKind::OrderCanceled,
            Expiry | Poll => EventKind::OrderExpired,
        };
        assert_told_once(&market, &order, end).await.map_err(|e| format!("{ordering:?}: {e}"))?;
    }
    Ok(())
}
