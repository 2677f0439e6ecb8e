//! Events: stored with their cause, stamped in one visible order.

use std::time::Duration;

use domain::{
    ids::{EventSeq, OrderId, UserId},
    outbox::{Event, EventKind, StampedEvent},
    time::Timestamp,
};
use futures_util::future::join_all;

use super::{Backend, stage::customer};
use crate::{Outcome, start_of_time};

const START: EventSeq = EventSeq::new(0);

fn event(user: UserId, order: i64) -> Event {
    Event { user, order: OrderId::new(order), kind: EventKind::OrderActive }
}

fn instant(seconds: u64) -> Timestamp {
    start_of_time() + Duration::from_secs(seconds)
}

async fn publish<B: Backend>(store: &B, events: &[Event], at: Timestamp) -> Outcome {
    let mut unit = store.begin().await?;
    for event in events {
        unit.outbox().publish(*event, at).await?;
    }
    unit.commit().await?;
    Ok(())
}

fn told(events: &[StampedEvent]) -> Vec<Event> {
    events.iter().map(|stamped| stamped.event).collect()
}

/// The order is that of commits, whatever time the events bear.
pub async fn stamps_in_the_order_of_commits<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let events = [1, 2, 3, 4].map(|order| event(user, order));
    publish(store, &events[..2], instant(9)).await?;
    publish(store, &events[2..], instant(3)).await?;
    let stamped = store.stamp(10).await?;
    assert_eq!(told(&stamped), events);
    assert!(stamped.is_sorted_by(|a, b| a.seq < b.seq));
    assert_eq!(stamped.last().map(|last| last.at), Some(instant(3)));
    assert_eq!(store.newest().await?, stamped.last().ok_or("four events")?.seq);
    Ok(())
}

/// A stamped event is not stamped again; later ones come after it.
pub async fn stamps_each_event_once<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    publish(store, &[event(user, 1)], instant(0)).await?;
    let first = store.stamp(10).await?;
    assert_eq!(store.stamp(10).await?, []);
    publish(store, &[event(user, 1)], instant(0)).await?;
    let second = store.stamp(10).await?;
    assert_eq!((first.len(), second.len()), (1, 1));
    assert!(first.iter().zip(&second).all(|(a, b)| a.seq < b.seq));
    Ok(())
}

/// Several relays at once share the events between them.
pub async fn stamps_each_event_once_under_concurrency<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    for order in 1..=9 {
        publish(store, &[event(user, order)], instant(0)).await?;
    }
    let mut stamped = Vec::new();
    for batch in join_all((0..4).map(|_| store.stamp(4))).await {
        stamped.extend(batch?);
    }
    stamped.sort_by_key(|stamped| stamped.seq);
    let orders: Vec<_> = stamped.iter().map(|stamped| stamped.event.order.get()).collect();
    assert_eq!(orders, (1..=9).collect::<Vec<_>>());
    Ok(())
}

/// A batch has at most as many as asked for.
pub async fn stamps_no_more_than_asked_for<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let events = [1, 2, 3].map(|order| event(user, order));
    publish(store, &events, instant(0)).await?;
    let (first, rest) = (store.stamp(2).await?, store.stamp(2).await?);
    assert_eq!((told(&first), told(&rest)), (events[..2].to_vec(), events[2..].to_vec()));
    Ok(())
}

/// An event of a unit that never committed does not exist.
pub async fn never_shows_an_event_of_a_dropped_unit<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let mut unit = store.begin().await?;
    unit.outbox().publish(event(user, 1), instant(0)).await?;
    drop(unit);
    publish(store, &[event(user, 2)], instant(0)).await?;
    assert_eq!(told(&store.stamp(10).await?), [event(user, 2)]);
    assert_eq!(told(&store.since(user, START, 10).await?), [event(user, 2)]);
    Ok(())
}

/// Readers see an event when it has its place, not before.
pub async fn shows_nothing_before_it_is_stamped<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    assert_eq!(store.newest().await?, START);
    publish(store, &[event(user, 1)], instant(0)).await?;
    assert_eq!(store.since(user, START, 10).await?, []);
    assert_eq!(store.newest().await?, START);
    let stamped = store.stamp(10).await?;
    assert_eq!(store.since(user, START, 10).await?, stamped);
    Ok(())
}

/// Customers do not see what happens to others.
pub async fn shows_each_customer_their_own<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let other = customer(store, "b@example.com", 0).await?;
    publish(store, &[event(user, 1), event(other, 2), event(user, 3)], instant(0)).await?;
    store.stamp(10).await?;
    assert_eq!(told(&store.since(user, START, 10).await?), [event(user, 1), event(user, 3)]);
    assert_eq!(told(&store.since(other, START, 10).await?), [event(other, 2)]);
    Ok(())
}

/// Reading goes on after the last place seen, in pages.
pub async fn resumes_after_a_place<B: Backend>(store: &B) -> Outcome {
    let user = customer(store, "a@example.com", 0).await?;
    let events = [1, 2, 3].map(|order| event(user, order));
    publish(store, &events, instant(0)).await?;
    store.stamp(10).await?;
    let first = store.since(user, START, 2).await?;
    assert_eq!(told(&first), events[..2]);
    let seen = first.last().ok_or("two events")?.seq;
    assert_eq!(told(&store.since(user, seen, 2).await?), events[2..]);
    assert_eq!(store.since(user, store.newest().await?, 2).await?, []);
    Ok(())
}
