use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    fault::{Code, Fault},
    ids::{EventSeq, OrderId, UserId},
};
use metrics::gauge;
use tokio::sync::watch;

use crate::config::Streams;

/// Knows who listens, and tells them up to which event there may be something new.
#[derive(Clone)]
pub struct Hub {
    limits: Streams,
    rooms: Arc<Mutex<Rooms>>,
}

struct Rooms {
    of: HashMap<UserId, Room>,
    /// Streams and waits of all customers.
    listeners: usize,
    /// The last event that the feed mentioned.
    seen: EventSeq,
    /// Whether the feed may have missed an event before that one.
    doubtful: bool,
}

/// All who listen to one customer's orders.
struct Room {
    streams: Circle,
    waits: HashMap<OrderId, Circle>,
    /// In all circles of `waits`.
    waiting: usize,
}

/// Listeners who are sent to look at the same moments.
struct Circle {
    upto: watch::Sender<EventSeq>,
    listeners: usize,
}

impl Hub {
    /// Lets in as many listeners as `limits` says.
    pub fn new(limits: Streams) -> Self {
        let nothing = EventSeq::new(0);
        let rooms = Rooms { of: HashMap::new(), listeners: 0, seen: nothing, doubtful: false };
        Self { limits, rooms: Arc::new(Mutex::new(rooms)) }
    }

    /// Opens a stream of `user`, which counts until the seat is dropped.
    pub(crate) fn join(&self, user: UserId) -> Result<Seat, Full> {
        let seat = self.enter(user, None)?;
        gauge!("sse_streams").increment(1.0);
        Ok(seat)
    }

    /// Lets a request wait for news of `order`, which counts until the seat is dropped.
    pub(crate) fn wait(&self, user: UserId, order: OrderId) -> Result<Seat, Full> {
        let seat = self.enter(user, Some(order))?;
        gauge!("order_waits").increment(1.0);
        Ok(seat)
    }

    fn enter(&self, user: UserId, order: Option<OrderId>) -> Result<Seat, Full> {
        let mut rooms = self.rooms();
        if rooms.listeners >= self.limits.most {
            return Err(Full::Process);
        }
        let room = rooms.of.entry(user).or_insert_with(Room::new);
        let circle = match order {
            None if room.streams.listeners >= self.limits.most_per_user => return Err(Full::User),
            None => &mut room.streams,
            Some(_) if room.waiting >= self.limits.most_waits_per_user => return Err(Full::Waits),
            Some(order) => {
                room.waiting += 1;
                room.waits.entry(order).or_insert_with(Circle::new)
            }
        };
        circle.listeners += 1;
        let upto = circle.upto.subscribe();
        rooms.listeners += 1;
        Ok(Seat { hub: self.clone(), user, order, upto })
    }

    /// The feed mentions an event. Places are given out without holes, so one means that messages
    /// got lost.
    pub fn announce(&self, user: UserId, order: OrderId, seq: EventSeq) {
        let mut rooms = self.rooms();
        rooms.doubtful |= seq.get() > rooms.seen.get().saturating_add(1);
        rooms.seen = rooms.seen.max(seq);
        if let Some(room) = rooms.of.get(&user) {
            room.streams.raise(seq);
            if let Some(circle) = room.waits.get(&order) {
                circle.raise(seq);
            }
        }
    }

    /// The feed was interrupted.
    pub fn doubt(&self) {
        self.rooms().doubtful = true;
    }

    /// Whether nobody listens.
    pub(super) fn is_empty(&self) -> bool {
        self.rooms().of.is_empty()
    }

    /// Sends everybody to look up to `newest` if the feed is in doubt, or should have mentioned
    /// `overdue` by now and has not.
    pub(super) fn catch_up(&self, overdue: EventSeq, newest: EventSeq) -> bool {
        let mut rooms = self.rooms();
        if !rooms.doubtful && rooms.seen >= overdue {
            return false;
        }
        rooms.doubtful = false;
        rooms.seen = rooms.seen.max(newest);
        rooms.of.values().for_each(|room| room.raise(newest));
        true
    }

    fn leave(&self, user: UserId, order: Option<OrderId>) {
        let mut rooms = self.rooms();
        rooms.listeners -= 1;
        let Some(room) = rooms.of.get_mut(&user) else { return };
        room.leave(order);
        if room.is_empty() {
            rooms.of.remove(&user);
        }
        drop(rooms);
        let name = if order.is_some() { "order_waits" } else { "sse_streams" };
        gauge!(name).decrement(1.0);
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn new() -> Self {
        Self { streams: Circle::new(), waits: HashMap::new(), waiting: 0 }
    }

    fn is_empty(&self) -> bool {
        self.streams.listeners == 0 && self.waiting == 0
    }

    fn raise(&self, upto: EventSeq) {
        self.streams.raise(upto);
        self.waits.values().for_each(|circle| circle.raise(upto));
    }

    fn leave(&mut self, order: Option<OrderId>) {
        let Some(order) = order else {
            self.streams.listeners -= 1;
            return;
        };
        self.waiting -= 1;
        if let Some(circle) = self.waits.get_mut(&order) {
            circle.listeners -= 1;
            if circle.listeners == 0 {
                self.waits.remove(&order);
            }
        }
    }
}

impl Circle {
    fn new() -> Self {
        Self { upto: watch::Sender::new(EventSeq::new(0)), listeners: 0 }
    }

    fn raise(&self, upto: EventSeq) {
        self.upto.send_if_modified(|known| {
            let newer = upto > *known;
            *known = upto.max(*known);
            newer
        });
    }
}

/// A listener's place in the [`Hub`].
pub(crate) struct Seat {
    hub: Hub,
    user: UserId,
    /// The order that is waited for; nothing for a stream.
    order: Option<OrderId>,
    upto: watch::Receiver<EventSeq>,
}

impl Seat {
    /// Who listens.
    pub(crate) const fn user(&self) -> UserId {
        self.user
    }

    /// Waits until there may be something new, and says up to which event; nothing when there
    /// will never be.
    pub(crate) async fn changed(&mut self) -> Option<EventSeq> {
        self.upto.changed().await.ok()?;
        Some(*self.upto.borrow_and_update())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(self.user, self.order);
    }
}

/// Why nobody more is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// This customer has enough streams.
    #[error("the customer has too many streams")]
    User,
    /// Enough requests of this customer wait.
    #[error("too many requests of the customer wait")]
    Waits,
    /// This process has enough of both.
    #[error("too many listen to the process")]
    Process,
}

impl Fault for Full {
    fn code(&self) -> Code {
        match self {
            Self::User | Self::Waits => Code::RateLimitExceeded,
            Self::Process => Code::ServiceUnavailable,
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::User => "Too many event streams of this account are open".to_owned(),
            Self::Waits => "Too many requests of this account wait for orders".to_owned(),
            Self::Process => self.code().default_message().to_owned(),
        }
    }

    /// A stream whose client is gone is noticed at its next heartbeat. Waits are shorter, and that
    /// a client is gone is noticed at once while nothing has been sent to it.
    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(if *self == Self::Waits { 5 } else { 15 }))
    }
}
