use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use api_server::{
    Callers, Streams,
    live::{Hub, Live},
};
use async_trait::async_trait;
use axum::http::StatusCode;
use domain::{
    identity::{Customer, IdentityQueries, Mode, TokenHash, TokenOwner, TokenTerms},
    ids::{EventSeq, OrderId, TokenId, UserId},
    outbox::{EventQueries, EventRelay as _, StampedEvent},
    store::StoreError,
};
use serde_json::json;
use testkit::{Blow, MemStore, Moment};

use crate::support::Api;

const MOMENT: Duration = Duration::from_millis(200);

fn named(events: &[(i64, &str)]) -> Vec<(i64, String)> {
    events.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn begins_with_the_running_orders_and_goes_on_live() {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    api.relay().await;
    let mut frames = api.stream(None).await;
    let snapshot = frames.next().await.unwrap();
    assert_eq!((snapshot.id, snapshot.event.as_str()), (Some(1), "snapshot"));
    let shown = api.get(&format!("/v1/orders/{}", order.id)).await.json();
    let at = json!("2027-01-15T08:00:00Z");
    let expected = json!({ "event": "snapshot", "timestamp": at, "data": [shown["data"]] });
    assert_eq!(snapshot.data, expected);

    api.receive(&order, "1234").await;
    api.market.clock.advance_seconds(5);
    api.relay().await;
    let received = frames.next().await.unwrap();
    assert_eq!((received.id, received.event.as_str()), (Some(2), "order.otp_received"));
    let shown = api.get(&format!("/v1/orders/{}", order.id)).await.json();
    let expected = json!({ "event": "order.otp_received", "timestamp": at, "data": shown["data"] });
    assert_eq!(received.data, expected);
    assert_eq!(received.data["data"]["otp_code"], "1234");

    api.market.finish_order().execute(api.market.user, order.id).await.unwrap();
    api.relay().await;
    assert_eq!(frames.take(1).await, named(&[(3, "order.completed")]));
}

#[tokio::test(start_paused = true)]
async fn a_client_without_orders_gets_a_place_to_resume_from() {
    let api = Api::new().await;
    let mut frames = api.stream(None).await;
    let snapshot = frames.next().await.unwrap();
    assert_eq!((snapshot.id, &snapshot.data["data"]), (Some(0), &json!([])));
    drop(frames);
    api.market.buy().await.unwrap();
    api.relay().await;
    let mut frames = api.stream(Some("0")).await;
    assert_eq!(frames.take(1).await, named(&[(1, "order.active")]));
}

#[tokio::test(start_paused = true)]
async fn resumes_after_the_last_event_that_was_seen() {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    for code in ["1111", "2222", "3333"] {
        api.receive(&order, code).await;
    }
    api.relay().await;
    let mut frames = api.stream(Some("2")).await;
    let missed = named(&[(3, "order.otp_received"), (4, "order.otp_received")]);
    assert_eq!(frames.take(2).await, missed);

    // The parameter serves clients that cannot set the header.
    let mut frames = api.stream_at("/v1/orders/stream?last_event_id=3").await;
    assert_eq!(frames.take(1).await, missed[1..]);
    let mut frames = api.stream_at("/v1/orders/stream?last_event_id=").await;
    assert_eq!(frames.take(1).await, named(&[(4, "snapshot")]));
}

#[tokio::test(start_paused = true)]
async fn replays_more_than_is_read_at_once() {
    let api = Api::new().await;
    api.market.credit(api.market.user, 10_000).await.unwrap();
    for _ in 0..2 {
        api.market.place_orders().execute(api.market.command(100, None)).await.unwrap();
    }
    api.relay().await;
    let mut frames = api.stream(Some("5")).await;
    assert!(frames.take(195).await.iter().map(|(id, _)| *id).eq(6..=200));
    assert!(frames.is_quiet(MOMENT).await);
}

#[tokio::test(start_paused = true)]
async fn streams_end_when_the_process_stops() {
    let api = Api::new().await;
    let mut frames = api.stream(None).await;
    frames.take(1).await;
    api.supervisor.stop().soft.cancel();
    assert_eq!(frames.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_missed_nothing_is_told_where_it_is() {
    let api = Api::new().await;
    let order = api.market.buy().await.unwrap();
    let (stranger, _) = api.stranger().await;
    api.market.credit(stranger, 100).await.unwrap();
    let mut command = api.market.command(1, None);
    command.user = stranger;
    api.market.place_orders().execute(command).await.unwrap();
    api.relay().await;
    let mut frames = api.stream(Some("1")).await;
    let ready = frames.next().await.unwrap();
    let at = json!("2027-01-15T08:00:00Z");
    assert_eq!((ready.id, ready.event.as_str()), (Some(2), "ready"));
    assert_eq!(ready.data, json!({ "event": "ready", "timestamp": at, "data": null }));
    api.receive(&order, "1").await;
    api.relay().await;
    assert_eq!(frames.take(1).await, named(&[(3, "order.otp_received")]));
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_not_ours_means_starting_over() {
    let api = Api::new().await;
    api.market.buy().await.unwrap();
    api.relay().await;
    for id in ["2", "-1", "abc", "1.0", "99999999999999999999"] {
        let mut frames = api.stream(Some(id)).await;
        let reset = frames.next().await.unwrap();
        assert_eq!((reset.id, reset.event.as_str()), (None, "reset"), "{id}");
        assert_eq!(reset.data["data"], json!(null), "{id}");
        assert_eq!(frames.take(1).await, named(&[(1, "snapshot")]), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn tells_each_event_once_however_often_it_is_announced() {
    let api = Api::new().await;
    let mut frames = api.stream(None).await;
    frames.take(1).await;
    let order = api.market.buy().await.unwrap();
    api.receive(&order, "1").await;
    let stamped = api.stamp().await;
    for _ in 0..3 {
        for event in stamped.iter().rev() {
            api.hub.announce(event.event.user, event.event.order, event.seq);
        }
    }
    let expected = named(&[(1, "order.active"), (2, "order.otp_received")]);
    assert_eq!(frames.take(2).await, expected);
    assert!(frames.is_quiet(MOMENT).await);
}

/// Lets an event happen right after it was read which one is the newest.
struct Meanwhile {
    store: MemStore,
    hub: Hub,
}

#[async_trait]
impl EventQueries for Meanwhile {
    async fn since(
        &self,
        user: UserId,
        after: EventSeq,
        limit: u32,
    ) -> Result<Vec<StampedEvent>, StoreError> {
        self.store.since(user, after, limit).await
    }

    async fn newest(&self) -> Result<EventSeq, StoreError> {
        let newest = self.store.newest().await?;
        for stamped in self.store.stamp(10).await? {
            self.hub.announce(stamped.event.user, stamped.event.order, stamped.seq);
        }
        Ok(newest)
    }
}

#[tokio::test(start_paused = true)]
async fn events_between_reading_and_listening_are_not_lost() {
    let api = Api::with(|parts, market| {
        let (store, hub) = (market.store.clone(), Hub::new(Streams::default()));
        let events = Arc::new(Meanwhile { store: store.clone(), hub: hub.clone() });
        parts.live = Live::new(hub, events, Arc::new(store));
    })
    .await;
    api.market.buy().await.unwrap();
    let mut frames = api.stream(None).await;
    assert_eq!(frames.take(2).await, named(&[(0, "snapshot"), (1, "order.active")]));
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_feed_is_read_from_storage() {
    let api = Api::new().await;
    api.watch_the_tail();
    let mut frames = api.stream(None).await;
    frames.take(1).await;
    let order = api.market.buy().await.unwrap();
    // One message got lost: only the second event is announced, to somebody else.
    api.stamp().await;
    api.receive(&order, "1").await;
    api.stamp().await;
    api.hub.announce(UserId::new(999), OrderId::new(999), EventSeq::new(2));
    let started = tokio::time::Instant::now();
    let expected = named(&[(1, "order.active"), (2, "order.otp_received")]);
    assert_eq!(frames.take(2).await, expected);
    assert!(started.elapsed() <= Duration::from_secs(1));

    // The subscription was interrupted and says so.
    api.market.finish_order().execute(api.market.user, order.id).await.unwrap();
    api.stamp().await;
    api.hub.doubt();
    assert_eq!(frames.take(1).await, named(&[(3, "order.completed")]));
}

#[tokio::test(start_paused = true)]
async fn events_arrive_within_two_seconds_while_the_feed_is_down() {
    let api = Api::new().await;
    api.watch_the_tail();
    let mut frames = api.stream(None).await;
    frames.take(1).await;
    for id in 1..=3 {
        api.market.buy().await.unwrap();
        api.stamp().await;
        let started = tokio::time::Instant::now();
        assert_eq!(frames.take(1).await, named(&[(id, "order.active")]));
        assert!(started.elapsed() <= Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn the_tail_asks_for_nothing_while_nobody_listens_or_nothing_happens() {
    let api = Api::new().await;
    api.watch_the_tail();
    let reads = |api: &Api, name: &str| {
        api.market.chaos.calls().iter().filter(|method| **method == name).count()
    };
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(reads(&api, "newest"), 0);
    let mut frames = api.stream(None).await;
    frames.take(1).await;
    assert!(frames.is_quiet(Duration::from_secs(10)).await);
    assert_eq!(reads(&api, "since"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_everything_in_order_and_holds_up_nobody() {
    let api = Api::new().await;
    api.market.credit(api.market.user, 10_000).await.unwrap();
    let (mut slow, mut quick) = (api.stream(None).await, api.stream(None).await);
    slow.take(1).await;
    quick.take(1).await;
    let mut told = Vec::new();
    for _ in 0..3 {
        api.market.place_orders().execute(api.market.command(100, None)).await.unwrap();
        api.relay().await;
        told.extend(quick.take(100).await);
    }
    assert_eq!(slow.take(300).await, told);
    assert!(told.iter().map(|(id, _)| *id).eq(1..=300));
}

#[tokio::test(start_paused = true)]
async fn storage_that_fails_delays_events_and_loses_none() {
    let api = Api::new().await;
    let mut frames = api.stream(None).await;
    frames.take(1).await;
    api.market.buy().await.unwrap();
    for _ in 0..3 {
        api.market.chaos.strike_next("since", Moment::Before, Blow::Fail);
    }
    api.relay().await;
    assert_eq!(frames.take(1).await, named(&[(1, "order.active")]));

    api.market.chaos.strike_next("newest", Moment::Before, Blow::Fail);
    let answer = api.get("/v1/orders/stream").await;
    assert_eq!(answer.code(), "SERVICE_UNAVAILABLE");
}

#[tokio::test(start_paused = true)]
async fn a_customer_hears_nothing_of_others() {
    let api = Api::new().await;
    let (stranger, _) = api.stranger().await;
    api.market.credit(stranger, 100).await.unwrap();
    let mut frames = api.stream(None).await;
    frames.take(1).await;
    let mut command = api.market.command(1, None);
    command.user = stranger;
    api.market.place_orders().execute(command).await.unwrap();
    api.relay().await;
    api.hub.announce(api.market.user, OrderId::new(1), EventSeq::new(1));
    assert!(frames.is_quiet(MOMENT).await);
}

#[tokio::test(start_paused = true)]
async fn streams_are_counted_per_customer_and_per_process() {
    let streams = Streams { most: 3, most_per_user: 2, ..Streams::default() };
    let api = Api::limited(streams, |_, _| {}).await;
    let (first, second) = (api.stream(None).await, api.stream(None).await);
    let refused = api.get("/v1/orders/stream").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.code(), "RATE_LIMIT_EXCEEDED");
    assert!(refused.retry_after.is_some());
    drop(first);
    let third = api.stream(None).await;
    drop((second, third));

    let api =
        Api::limited(Streams { most: 1, most_per_user: 2, ..Streams::default() }, |_, _| {}).await;
    let only = api.stream(None).await;
    let refused = api.get("/v1/orders/stream").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.code(), "SERVICE_UNAVAILABLE");
    drop(only);
    api.stream(None).await;
}

struct Revocable(AtomicBool);

#[async_trait]
impl IdentityQueries for Revocable {
    async fn by_email(&self, _: &str) -> Result<Option<Customer>, StoreError> {
        Ok(None)
    }

    async fn token_owner(&self, _: TokenHash) -> Result<Option<TokenOwner>, StoreError> {
        let revoked = self.0.load(Ordering::Relaxed);
        Ok((!revoked).then_some(TokenOwner {
            user: UserId::new(1),
            token: TokenId::new(1),
            terms: TokenTerms::default(),
            suspended: false,
            mode: Mode::Live,
        }))
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_soon_after_its_token_is_revoked() {
    let identity = Arc::new(Revocable(AtomicBool::new(false)));
    let api = Api::with(|parts, market| {
        parts.callers = Callers::new(market.mint.clone(), identity.clone(), market.clock.clone());
    })
    .await;
    let mut frames = api.stream(None).await;
    frames.take(1).await;
    assert!(frames.is_quiet(Duration::from_mins(1)).await);
    identity.0.store(true, Ordering::Relaxed);
    let started = tokio::time::Instant::now();
    assert_eq!(frames.next().await, None);
    assert!(started.elapsed() <= Duration::from_secs(15));
}
