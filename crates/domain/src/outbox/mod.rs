//! What customers are told about their orders, stored with the change it tells of.

use async_trait::async_trait;

use crate::{
    ids::{EventSeq, OrderId, UserId},
    store::StoreError,
    time::Timestamp,
};

/// Something that happened to an order and that its owner may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Whom it concerns.
    pub user: UserId,
    /// What it happened to.
    pub order: OrderId,
    /// What happened.
    pub kind: EventKind,
}

macro_rules! event_kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal;)+) => {
        /// The published names of events.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventKind { $($(#[doc = $doc])+ $variant,)+ }

        impl EventKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Reads a stored name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

event_kinds! {
    /// A number is rented and waits for its code.
    OrderActive = "order.active";
    /// An SMS was stored; once per SMS.
    OrderOtpReceived = "order.otp_received";
    /// The order ended with at least one SMS.
    OrderCompleted = "order.completed";
    /// The window ended without an SMS; money returned.
    OrderExpired = "order.expired";
    /// Canceled by the customer or upstream; money returned.
    OrderCanceled = "order.canceled";
}

/// An event that has its place in the visible order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StampedEvent {
    /// Its place; later events of a user have larger ones.
    pub seq: EventSeq,
    /// What happened.
    pub event: Event,
    /// When it was stored.
    pub at: Timestamp,
}

/// Stores events inside a unit of work.
#[async_trait]
pub trait Outbox: Send {
    /// Adds `event`; it becomes visible when the relay has stamped it.
    async fn publish(&mut self, event: Event, at: Timestamp) -> Result<(), StoreError>;
}

/// The relay's side of the outbox.
#[async_trait]
pub trait EventRelay: Send + Sync {
    /// Gives up to `limit` new events their place, in the order in which they were committed.
    ///
    /// The place is assigned after the commit of the event, by one writer at a time: a reader who
    /// has seen a place never misses a smaller one.
    async fn stamp(&self, limit: u32) -> Result<Vec<StampedEvent>, StoreError>;
}

/// Reading events back, for streams that resume.
#[async_trait]
pub trait EventQueries: Send + Sync {
    /// Events of `user` after `after`, oldest first, `limit` at most.
    async fn since(
        &self,
        user: UserId,
        after: EventSeq,
        limit: u32,
    ) -> Result<Vec<StampedEvent>, StoreError>;

    /// The place of the newest visible event of anybody; zero when there is none.
    async fn newest(&self) -> Result<EventSeq, StoreError>;
}

/// Tells the task worker that there is something to do, so that it need not wait for its timer.
///
/// Called after a commit. Losing a call costs latency only.
pub trait Wake: Send + Sync {
    /// Pokes whoever serves `queue`; returns at once and never fails.
    fn wake(&self, queue: Queue);
}

/// What the task worker can be poked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Events to stamp and publish.
    Events,
    /// Durable tasks to run.
    Tasks,
}
