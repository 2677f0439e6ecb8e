use deadpool_redis::redis::Pipeline;
use domain::{
    ids::{EventSeq, OrderId, UserId},
    outbox::{EventKind, StampedEvent},
};
use metrics::counter;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Redis, RedisError},
    subscription::{Heard, Subscription},
};

const CHANNEL: &str = "switchboard:orders";
/// Messages of one round trip.
const BATCH: usize = 200;
/// Messages that a reader may lag behind; the next one it asks for is then a gap. Half a megabyte
/// in all, and some hundred milliseconds at full load.
const BUFFER: usize = 8192;

/// Tells every process what happened to orders, as soon as it is visible in the database.
///
/// Only ids go through Redis: what was bought and received stays in the database.
#[derive(Debug, Clone)]
pub struct OrderFeed {
    redis: Redis,
}

impl OrderFeed {
    /// Publishes through `redis`.
    pub fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// Publishes `events` in their order. When it fails, some may have been published.
    pub async fn publish(&self, events: &[StampedEvent]) -> Result<(), RedisError> {
        for batch in events.chunks(BATCH) {
            let mut messages = Pipeline::with_capacity(batch.len());
            for event in batch {
                messages.publish(CHANNEL, OrderNote::from(event).to_json()).ignore();
            }
            self.redis.run_all::<()>(&messages).await?;
            count("published", batch.len());
        }
        Ok(())
    }
}

/// What the feed says of one event; the rest is in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderNote {
    /// Its place among the events.
    pub seq: EventSeq,
    /// Whom it concerns.
    pub user: UserId,
    /// What it happened to.
    pub order: OrderId,
    /// What happened.
    pub kind: EventKind,
}

/// What a reader of the feed gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedItem {
    /// An event.
    Note(OrderNote),
    /// Anything may have been missed: read the database from the last known place on. Comes first
    /// of all, after each reconnection, and now and then while there is no connection.
    Gap,
}

/// The one subscription of this process; readers are many.
#[derive(Debug, Clone)]
pub struct OrderFeedListener {
    /// Weak, so that readers end with what listens.
    items: broadcast::WeakSender<FeedItem>,
}

impl OrderFeedListener {
    /// The listener, and what listens until `stop`; spawn that.
    pub fn new(
        redis: Redis,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let items = broadcast::Sender::new(BUFFER);
        let subscription = Subscription::new(redis, vec![CHANNEL.to_owned()], "order_feed");
        let listener = Self { items: items.downgrade() };
        let listen = subscription.run(stop, move |message| {
            let item = read(&message);
            if matches!(item, FeedItem::Note(_)) {
                count("received", 1);
            }
            // Fails when nobody reads at the moment.
            let _ = items.send(item);
        });
        (listener, listen)
    }

    /// A reader of everything from now on. Subscribe first and read the database then, or what
    /// happens between the two is lost.
    pub fn subscribe(&self) -> FeedReader {
        // Without a sender the reader ends at once.
        let items = self.items.upgrade().unwrap_or_else(|| broadcast::Sender::new(1));
        FeedReader { items: items.subscribe() }
    }
}

/// Reads the feed; a slow one gets a gap instead of holding up the others.
#[derive(Debug)]
pub struct FeedReader {
    items: broadcast::Receiver<FeedItem>,
}

impl FeedReader {
    /// The next item; nothing when the process has stopped listening for good.
    pub async fn next(&mut self) -> Option<FeedItem> {
        match self.items.recv().await {
            Ok(item) => Some(item),
            Err(RecvError::Lagged(_)) => Some(FeedItem::Gap),
            Err(RecvError::Closed) => None,
        }
    }
}

/// The form on the wire.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    seq: EventSeq,
    user: UserId,
    order: OrderId,
    kind: &'a str,
}

impl OrderNote {
    fn to_json(self) -> String {
        let Self { seq, user, order, kind } = self;
        let wire = Wire { seq, user, order, kind: kind.as_str() };
        // Integers and a fixed text always serialise; an empty message would read as a gap.
        serde_json::to_string(&wire).unwrap_or_default()
    }

    fn parse(payload: &[u8]) -> Option<Self> {
        let Wire { seq, user, order, kind } = serde_json::from_slice(payload).ok()?;
        Some(Self { seq, user, order, kind: EventKind::parse(kind)? })
    }
}

impl From<&StampedEvent> for OrderNote {
    fn from(stamped: &StampedEvent) -> Self {
        let event = stamped.event;
        Self { seq: stamped.seq, user: event.user, order: event.order, kind: event.kind }
    }
}

/// A message of a newer version tells at least that there is something to read.
fn read(heard: &Heard) -> FeedItem {
    match heard {
        Heard::Message { payload, .. } => {
            OrderNote::parse(payload).map_or(FeedItem::Gap, FeedItem::Note)
        }
        Heard::Gap => FeedItem::Gap,
    }
}

fn count(direction: &'static str, messages: usize) {
    let messages = u64::try_from(messages).unwrap_or(u64::MAX);
    counter!("order_feed_messages_total", "direction" => direction).increment(messages);
}

#[cfg(test)]
mod tests {
    use domain::outbox::Event;

    use super::*;

    fn note() -> OrderNote {
        OrderNote::from(&StampedEvent {
            seq: EventSeq::new(1),
            event: Event {
                user: UserId::new(2),
                order: OrderId::new(3),
                kind: EventKind::OrderActive,
            },
            at: chrono::DateTime::UNIX_EPOCH,
        })
    }

    /// Other versions of this program read it.
    #[test]
    fn messages_hold_ids_and_the_kind() {
        let json = r#"{"seq":1,"user":2,"order":3,"kind":"order.active"}"#;
        assert_eq!(note().to_json(), json);
        assert_eq!(OrderNote::parse(json.as_bytes()), Some(note()));
    }

    #[test]
    fn what_it_does_not_know_is_a_gap() {
        for payload in ["", "{}", r#"{"seq":1,"user":2,"order":3,"kind":"order.invented"}"#] {
            let message = Heard::Message { channel: CHANNEL.to_owned(), payload: payload.into() };
            assert_eq!(read(&message), FeedItem::Gap, "{payload}");
        }
        let payload = r#"{"seq":1,"user":2,"order":3,"kind":"order.active","extra":true}"#;
        let message = Heard::Message { channel: CHANNEL.to_owned(), payload: payload.into() };
        assert_eq!(read(&message), FeedItem::Note(note()));
    }
}
