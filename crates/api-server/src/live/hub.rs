use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    fault::{Code, Fault},
    ids::{EventSeq, UserId},
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
    streams: usize,
    /// The last event that the feed mentioned.
    seen: EventSeq,
    /// Whether the feed may have missed an event before that one.
    doubtful: bool,
}

struct Room {
    upto: watch::Sender<EventSeq>,
    streams: usize,
}

impl Hub {
    /// Lets in as many streams as `limits` says.
    pub fn new(limits: Streams) -> Self {
        let nothing = EventSeq::new(0);
        let rooms = Rooms { of: HashMap::new(), streams: 0, seen: nothing, doubtful: false };
        Self { limits, rooms: Arc::new(Mutex::new(rooms)) }
    }

    /// Opens a stream of `user`, which counts until the seat is dropped.
    pub(crate) fn join(&self, user: UserId) -> Result<Seat, Full> {
        let mut rooms = self.rooms();
        if rooms.streams >= self.limits.most {
            return Err(Full::Process);
        }
        let room = rooms
            .of
            .entry(user)
            .or_insert_with(|| Room { upto: watch::Sender::new(EventSeq::new(0)), streams: 0 });
        if room.streams >= self.limits.most_per_user {
            return Err(Full::User);
        }
        room.streams += 1;
        let upto = room.upto.subscribe();
        rooms.streams += 1;
        gauge!("sse_streams").increment(1.0);
        Ok(Seat { hub: self.clone(), user, upto })
    }

    /// The feed mentions an event. Places are given out without holes, so one means that messages
    /// got lost.
    pub fn announce(&self, user: UserId, seq: EventSeq) {
        let mut rooms = self.rooms();
        rooms.doubtful |= seq.get() > rooms.seen.get().saturating_add(1);
        rooms.seen = rooms.seen.max(seq);
        if let Some(room) = rooms.of.get(&user) {
            room.raise(seq);
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

    fn leave(&self, user: UserId) {
        let mut rooms = self.rooms();
        if let Some(room) = rooms.of.get_mut(&user) {
            room.streams -= 1;
            if room.streams == 0 {
                rooms.of.remove(&user);
            }
        }
        rooms.streams -= 1;
        gauge!("sse_streams").decrement(1.0);
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn raise(&self, upto: EventSeq) {
        self.upto.send_if_modified(|known| {
            let newer = upto > *known;
            *known = upto.max(*known);
            newer
        });
    }
}

/// An open stream's place in the [`Hub`].
pub(crate) struct Seat {
    hub: Hub,
    user: UserId,
    upto: watch::Receiver<EventSeq>,
}

impl Seat {
    /// Whose stream it is.
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
        self.hub.leave(self.user);
    }
}

/// Why no further stream is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// This customer has enough of them.
    #[error("the customer has too many streams")]
    User,
    /// This process has enough of them.
    #[error("the process has too many streams")]
    Process,
}

impl Fault for Full {
    fn code(&self) -> Code {
        match self {
            Self::User => Code::RateLimitExceeded,
            Self::Process => Code::ServiceUnavailable,
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::User => "Too many event streams of this account are open".to_owned(),
            Self::Process => self.code().default_message().to_owned(),
        }
    }

    /// A stream whose client is gone is noticed at its next heartbeat.
    fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(15))
    }
}
