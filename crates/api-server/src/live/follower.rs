use std::{collections::VecDeque, time::Duration};

use domain::{
    fault::{Code, Fault},
    ids::{EventSeq, UserId},
    orders::OrderView,
    store::StoreError,
};
use metrics::counter;
use tokio::time::sleep;

use super::{Full, Live, Seat, Told};

/// One stream's way through the events of its customer: each once, in order, none left out.
pub(crate) struct Follower {
    live: Live,
    seat: Seat,
    /// Everything up to here is read.
    read: EventSeq,
    /// There may be more up to here.
    upto: EventSeq,
    /// Whether it had caught up before.
    current: bool,
    pending: VecDeque<Told>,
}

/// What a stream begins with.
#[derive(Debug)]
pub(crate) enum Opening {
    /// The client knows nothing yet: the running orders.
    Snapshot(Vec<OrderView>),
    /// The client names a place that is not in our books: it must forget what it knows.
    Reset(Vec<OrderView>),
    /// The client missed nothing.
    Ready,
    /// The client missed events; they follow.
    Replay,
}

impl Live {
    /// Begins a stream of `user` after the place `resume` that the client has seen last.
    ///
    /// The seat is taken before anything is read, so that nothing falls between reading and
    /// listening. Answers with the place at which the opening stands.
    pub(crate) async fn open(
        &self,
        user: UserId,
        resume: Option<&str>,
    ) -> Result<(Opening, EventSeq, Follower), OpenError> {
        let seat = self.hub.join(user)?;
        let newest = self.events.newest().await?;
        let known = resume.map(|text| place(text).filter(|place| *place <= newest));
        let read = known.flatten().unwrap_or(newest);
        let live = self.clone();
        let pending = VecDeque::new();
        let mut follower = Follower {
            live,
            seat,
            read,
            upto: newest,
            current: known.flatten().is_none(),
            pending,
        };
        let opening = match known {
            None => Opening::Snapshot(self.orders.active(user).await?),
            Some(None) => Opening::Reset(self.orders.active(user).await?),
            Some(Some(_)) => {
                follower.read_page().await?;
                if follower.pending.is_empty() { Opening::Ready } else { Opening::Replay }
            }
        };
        Ok((opening, newest, follower))
    }
}

/// A place that we give out, as a client names it.
pub(crate) fn place(text: &str) -> Option<EventSeq> {
    text.parse().ok().filter(|raw| *raw >= 0).map(EventSeq::new)
}

impl Follower {
    /// Pause before reading again after storage failed.
    const RETRY: Duration = Duration::from_secs(1);

    /// The next event, however long it takes; nothing when there will be none. Dropping the
    /// future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.pending.pop_front() {
                return Some(told);
            }
            if self.read >= self.upto {
                let upto = self.seat.changed().await?;
                self.upto = self.upto.max(upto);
            } else if let Err(error) = self.read_page().await {
                tracing::warn!(%error, "events of customer {} not readable", self.seat.user());
                sleep(Self::RETRY).await;
            }
        }
    }

    async fn read_page(&mut self) -> Result<(), StoreError> {
        let upto = self.upto;
        let page = self.live.page(self.seat.user(), self.read).await?;
        if page.full && self.current {
            counter!("sse_lagged_total").increment(1);
        }
        self.current |= !page.full;
        // What was visible when we were told to look has been read unless the page was full.
        self.read = if page.full { page.last } else { page.last.max(upto) };
        self.pending.extend(page.told);
        Ok(())
    }
}

/// Why a stream does not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// There are too many.
    #[error(transparent)]
    Full(#[from] Full),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for OpenError {
    fn code(&self) -> Code {
        match self {
            Self::Full(full) => full.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Full(full) => full.public_message(),
            Self::Store(error) => error.public_message(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Full(full) => full.retry_after(),
            Self::Store(error) => error.retry_after(),
        }
    }
}
