use deadpool_redis::redis::AsyncCommands;
use domain::{
    ids::{EventSeq, OrderId, UserId},
    outbox::{Event, EventKind, StampedEvent},
};
use infra::redis::{FeedItem, FeedReader, OrderFeed, OrderFeedListener, OrderNote};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{RedisServer, soon, until};

fn event(seq: i64) -> StampedEvent {
    StampedEvent {
        seq: EventSeq::new(seq),
        event: Event {
            user: UserId::new(seq * 10),
            order: OrderId::new(seq * 100),
            kind: EventKind::OrderOtpReceived,
        },
        at: chrono::DateTime::UNIX_EPOCH,
    }
}

fn note(seq: i64) -> FeedItem {
    FeedItem::Note(OrderNote {
        seq: EventSeq::new(seq),
        user: UserId::new(seq * 10),
        order: OrderId::new(seq * 100),
        kind: EventKind::OrderOtpReceived,
    })
}

/// A listener and what it needs to live.
struct Listening {
    listener: OrderFeedListener,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Listening {
    fn start(server: &RedisServer) -> Self {
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let (listener, listen) = OrderFeedListener::new(server.client(), stop.clone());
        tasks.spawn(listen);
        Self { listener, stop, tasks }
    }
}

async fn next(reader: &mut FeedReader) -> Option<FeedItem> {
    soon(reader.next()).await
}

#[tokio::test]
async fn every_reader_hears_every_event_in_order() {
    let server = RedisServer::start().await;
    let listening = Listening::start(&server);
    let mut readers = [listening.listener.subscribe(), listening.listener.subscribe()];
    for reader in &mut readers {
        assert_eq!(next(reader).await, Some(FeedItem::Gap));
    }
    let events: Vec<StampedEvent> = (1..=1000).map(event).collect();
    OrderFeed::new(server.client()).publish(&events).await.unwrap();
    for reader in &mut readers {
        for seq in 1..=1000 {
            assert_eq!(next(reader).await, Some(note(seq)));
        }
    }
}

#[tokio::test]
async fn a_restart_is_a_gap() {
    let mut server = RedisServer::start().await;
    let listening = Listening::start(&server);
    let mut reader = listening.listener.subscribe();
    let feed = OrderFeed::new(server.client());
    assert_eq!(next(&mut reader).await, Some(FeedItem::Gap));
    feed.publish(&[event(1)]).await.unwrap();
    assert_eq!(next(&mut reader).await, Some(note(1)));
    server.kill().await;
    assert!(feed.publish(&[event(2)]).await.is_err());
    server.revive().await;
    assert_eq!(next(&mut reader).await, Some(FeedItem::Gap));
    until(|| async { feed.publish(&[event(3)]).await.is_ok() }).await;
    assert_eq!(next(&mut reader).await, Some(note(3)));
}

/// Nobody else is held up by it, and it learns that it missed something.
#[tokio::test]
async fn a_reader_that_lags_gets_a_gap() {
    let server = RedisServer::start().await;
    let listening = Listening::start(&server);
    let (mut slow, mut quick) = (listening.listener.subscribe(), listening.listener.subscribe());
    assert_eq!(next(&mut quick).await, Some(FeedItem::Gap));
    let events: Vec<StampedEvent> = (1..=10_000).map(event).collect();
    let (published, ()) =
        tokio::join!(async { OrderFeed::new(server.client()).publish(&events).await }, async {
            for seq in 1..=10_000 {
                assert_eq!(next(&mut quick).await, Some(note(seq)));
            }
        });
    published.unwrap();
    assert_eq!(next(&mut slow).await, Some(FeedItem::Gap));
    let Some(FeedItem::Note(first)) = next(&mut slow).await else { panic!("nothing after it") };
    assert!(first.seq > EventSeq::new(1));
}

#[tokio::test]
async fn foreign_messages_are_gaps() {
    let server = RedisServer::start().await;
    let listening = Listening::start(&server);
    let mut reader = listening.listener.subscribe();
    assert_eq!(next(&mut reader).await, Some(FeedItem::Gap));
    let mut inspect = server.inspect().await;
    for message in [&b"\xff\xfe"[..], br#"{"seq":7}"#] {
        let heard: u32 = inspect.publish("switchboard:orders", message).await.unwrap();
        assert_eq!(heard, 1);
        assert_eq!(next(&mut reader).await, Some(FeedItem::Gap));
    }
    let message = r#"{"seq":7,"user":70,"order":700,"kind":"order.otp_received"}"#;
    let _: u32 = inspect.publish("switchboard:orders", message).await.unwrap();
    assert_eq!(next(&mut reader).await, Some(note(7)));
}

#[tokio::test]
async fn readers_end_when_listening_ends() {
    let server = RedisServer::start().await;
    let mut listening = Listening::start(&server);
    let mut reader = listening.listener.subscribe();
    assert_eq!(next(&mut reader).await, Some(FeedItem::Gap));
    listening.stop.cancel();
    soon(async { while listening.tasks.join_next().await.is_some() {} }).await;
    assert_eq!(next(&mut reader).await, None);
    assert_eq!(next(&mut listening.listener.subscribe()).await, None);
}
