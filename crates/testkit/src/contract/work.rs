//! What reconcilers look for.

use std::time::Duration;

use domain::{
    ids::{OrderId, ProviderId},
    orders::Order,
    time::Timestamp,
};
use futures_util::future::join_all;

use super::{
    Backend,
    shelf::add_provider,
    stage::{Stage, external},
};
use crate::{Outcome, start_of_time};

const INTERVAL: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_micros(1);

/// Later than any order of the stage was activated, earlier than any expires.
fn soon() -> Timestamp {
    start_of_time() + Duration::from_mins(1)
}

/// Later than any order of the stage expires.
fn late() -> Timestamp {
    start_of_time() + Duration::from_hours(1)
}

fn ids(orders: &[Order]) -> Vec<OrderId> {
    let mut ids: Vec<_> = orders.iter().map(|order| order.id).collect();
    ids.sort_unstable();
    ids
}

/// An order is stuck if its provider was asked before an instant, in flight if at it or after.
pub async fn tells_stuck_from_in_flight<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let border = soon();
    let old = stage.reserved_at(border - MOMENT).await?;
    let older = stage.reserved_at(border - INTERVAL).await?;
    stage.reserved_at(border).await?;
    stage.reserved_at(border + INTERVAL).await?;
    stage.active("1").await?;
    let stuck: Vec<_> = store.stuck(border, 10).await?.iter().map(|order| order.id).collect();
    assert_eq!(stuck, [older.id, old.id]);
    assert_eq!(ids(&store.stuck(border, 1).await?), [older.id]);
    let count = |groups: &[domain::orders::InFlight]| groups.iter().map(|g| g.count).sum::<i64>();
    assert_eq!(count(&store.in_flight(stage.provider, border).await?), 2);
    assert_eq!(count(&store.in_flight(ProviderId::new(4_711), border).await?), 0);
    Ok(())
}

/// Purchases under way are counted per service and country.
pub async fn counts_what_is_in_flight_by_what_was_asked<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    stage.reserved().await?;
    stage.reserved().await?;
    let mut elsewhere = stage.draft(1, None);
    "tg".clone_into(&mut elsewhere.draft.quote.service);
    stage.reserve(&elsewhere).await?;
    let mut groups = store.in_flight(stage.provider, start_of_time()).await?;
    groups.sort_by(|a, b| a.service.cmp(&b.service));
    let counted: Vec<_> = groups.iter().map(|g| (g.service.as_str(), g.count)).collect();
    assert_eq!(counted, [("tg", 1), ("wa", 2)]);
    assert!(groups.iter().all(|group| group.country == stage.offer.quote.country));
    Ok(())
}

/// An activation is known as long as an order of ours ever rented it.
pub async fn knows_activations_in_every_state<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    stage.active("1").await?;
    stage.canceled(stage.active("2").await?).await?;
    let asked = [external("1")?, external("2")?, external("3")?];
    let mut known = store.known(stage.provider, &asked).await?;
    known.sort();
    assert_eq!(known, asked[..2]);
    assert_eq!(store.known(ProviderId::new(4_711), &asked).await?, []);
    assert_eq!(store.known(stage.provider, &[]).await?, []);
    Ok(())
}

/// Customers wait on numbers that got no message yet.
pub async fn tells_on_which_numbers_customers_wait<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    stage.reserved().await?;
    stage.active("1").await?;
    stage.canceled(stage.active("2").await?).await?;
    stage.delivered(stage.active("3").await?).await?;
    let later = soon() + INTERVAL;
    assert_eq!(store.waited_on(stage.provider, later).await?, [external("1")?]);
    assert_eq!(store.waited_on(stage.provider, start_of_time()).await?, []);
    assert_eq!(store.waited_on(ProviderId::new(4_711), later).await?, []);
    Ok(())
}

/// A claimed order is given out again when the interval is over, and not before.
pub async fn polls_each_order_once_per_interval<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let order = stage.active("1").await?;
    let now = soon();
    assert_eq!(store.due_polls(now, INTERVAL, 10).await?, std::slice::from_ref(&order));
    assert_eq!(store.due_polls(now, INTERVAL, 10).await?, []);
    assert_eq!(store.due_polls(now + INTERVAL - MOMENT, INTERVAL, 10).await?, []);
    assert_eq!(store.due_polls(now + INTERVAL, INTERVAL, 10).await?, [order]);
    Ok(())
}

/// Only what has a number and is not over is polled; a first message does not end it.
pub async fn polls_only_running_orders<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    stage.reserved().await?;
    stage.canceled(stage.active("1").await?).await?;
    let delivered = stage.delivered(stage.active("2").await?).await?;
    assert_eq!(store.due_polls(soon(), INTERVAL, 10).await?, [delivered]);
    Ok(())
}

/// An order past its window is given out once per interval, with a message or without.
pub async fn ends_each_order_once_per_interval<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let active = stage.active("1").await?;
    let delivered = stage.delivered(stage.active("2").await?).await?;
    let both = ids(&[active, delivered]);
    let now = late();
    assert_eq!(ids(&store.due_expiries(now, INTERVAL, 10).await?), both);
    assert_eq!(store.due_expiries(now + INTERVAL - MOMENT, INTERVAL, 10).await?, []);
    assert_eq!(ids(&store.due_expiries(now + INTERVAL, INTERVAL, 10).await?), both);
    Ok(())
}

/// An order is due at the very instant at which its window closes, and not before.
pub async fn ends_nothing_before_its_time<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let order = stage.active("1").await?;
    stage.reserved().await?;
    stage.canceled(stage.active("2").await?).await?;
    let end = order.lease().ok_or("an active order has a lease")?.expires_at;
    assert_eq!(store.due_expiries(end - MOMENT, INTERVAL, 10).await?, []);
    assert_eq!(store.due_expiries(end, INTERVAL, 10).await?, [order]);
    Ok(())
}

/// Polling an order does not keep it from ending: the two are claimed apart.
pub async fn ends_an_order_that_was_just_polled<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let order = stage.active("1").await?;
    let now = late();
    assert_eq!(store.due_polls(now, INTERVAL, 10).await?, std::slice::from_ref(&order));
    assert_eq!(store.due_expiries(now, INTERVAL, 10).await?, [order]);
    Ok(())
}

/// A batch has at most as many as asked for; the rest comes with the next one.
pub async fn claims_no_more_than_asked_for<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let mut expected = Vec::new();
    for number in 1..=5 {
        expected.push(stage.active(&number.to_string()).await?.id);
    }
    let first = store.due_polls(soon(), INTERVAL, 3).await?;
    let rest = store.due_polls(soon(), INTERVAL, 3).await?;
    assert_eq!((first.len(), rest.len()), (3, 2));
    assert_eq!(ids(&[first, rest].concat()), expected);
    Ok(())
}

/// Of many who ask at once, each order is given to one.
pub async fn claims_each_order_for_one_of_many<B: Backend>(store: &B) -> Outcome {
    let stage = Stage::open(store, 1_000).await?;
    let mut expected = Vec::new();
    for number in 1..=8 {
        expected.push(stage.active(&number.to_string()).await?.id);
    }
    let mut claimed = Vec::new();
    for batch in join_all((0..6).map(|_| store.due_polls(soon(), INTERVAL, 3))).await {
        claimed.extend(batch?);
    }
    // Whoever skips a locked row may come home with less: the rest is still due.
    claimed.extend(store.due_polls(soon(), INTERVAL, 10).await?);
    assert_eq!(ids(&claimed), expected);
    Ok(())
}

/// Each provider we buy from is swept once per interval for numbers that nobody owns.
pub async fn sweeps_every_provider_once_per_interval<B: Backend>(store: &B) -> Outcome {
    let mut expected =
        vec![add_provider(store, "first").await?.id, add_provider(store, "second").await?.id];
    expected.sort_unstable();
    let now = soon();
    for (at, due) in
        [(now, expected.clone()), (now + INTERVAL - MOMENT, Vec::new()), (now + INTERVAL, expected)]
    {
        let mut swept = store.due_sweeps(at, INTERVAL).await?;
        swept.sort_unstable();
        assert_eq!(swept, due);
    }
    assert!(store.set_enabled("first", false).await?);
    assert_eq!(store.due_sweeps(now + INTERVAL * 2, INTERVAL).await?.len(), 1);
    Ok(())
}
