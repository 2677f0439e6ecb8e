//! Telling customers what happens to their orders, as it happens.
//!
//! Postgres holds the events; everything else only says when to look. A stream looks when the
//! [`Feed`] mentions its customer, and when the [`tail`] finds that the feed has missed something,
//! so a lost message costs a second and no event. A request that waits for one order looks at the
//! same moments, and only when they are about that order. Because a stream reads at its own pace, a
//! slow one holds up nobody and needs no queue.

mod feed;
mod follower;
mod hub;
mod tail;
mod wait;

use std::sync::Arc;

use domain::{
    ids::{EventSeq, OrderId, UserId},
    orders::{OrderQueries, OrderView},
    outbox::{EventQueries, StampedEvent},
    store::StoreError,
};
use tokio::sync::Semaphore;

pub use feed::{Feed, News, listen};
#[cfg(feature = "fuzz")]
pub(crate) use follower::place;
pub(crate) use follower::{Follower, Opening};
pub(crate) use hub::Seat;
pub use hub::{Full, Hub};
pub use tail::tail;
pub(crate) use wait::{Sought, Waited};

/// An event with the order it is about, as that order stands now.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) event: StampedEvent,
    pub(crate) view: OrderView,
}

/// Opens streams. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    hub: Hub,
    events: Arc<dyn EventQueries>,
    orders: Arc<dyn OrderQueries>,
    reading: Arc<Semaphore>,
}

impl Live {
    /// Events read at once.
    const PAGE: u32 = 64;
    /// Streams reading at once: after a gap all of them want to, and purchases need connections
    /// as well.
    const READERS: usize = 6;

    /// Reads what `hub` says has happened.
    pub fn new(hub: Hub, events: Arc<dyn EventQueries>, orders: Arc<dyn OrderQueries>) -> Self {
        Self { hub, events, orders, reading: Arc::new(Semaphore::new(Self::READERS)) }
    }

    /// The customer's events after `after`.
    async fn page(&self, user: UserId, after: EventSeq) -> Result<Page, StoreError> {
        // Never closed, so there is a permit sooner or later.
        let _turn = self.reading.acquire().await;
        let events = self.events.since(user, after, Self::PAGE).await?;
        let Some(last) = events.last().map(|stamped| stamped.seq) else {
            return Ok(Page { told: Vec::new(), last: after, full: false });
        };
        let full = u32::try_from(events.len()).is_ok_and(|count| count >= Self::PAGE);
        let mut ids: Vec<OrderId> = events.iter().map(|stamped| stamped.event.order).collect();
        ids.sort_unstable();
        ids.dedup();
        let views = self.orders.by_ids(user, &ids).await?;
        let tell = |event: StampedEvent| {
            let view = views.iter().find(|view| view.order.id == event.event.order)?.clone();
            Some(Told { event, view })
        };
        Ok(Page { told: events.into_iter().filter_map(tell).collect(), last, full })
    }
}

/// Some events, oldest first.
struct Page {
    told: Vec<Told>,
    /// The place of the last one, or where reading began.
    last: EventSeq,
    /// Whether there may be more.
    full: bool,
}
