use async_trait::async_trait;
use domain::ids::{EventSeq, OrderId, UserId};
use runtime::Stop;

use super::Hub;

/// One subscription per process to what the relay publishes.
#[async_trait]
pub trait Feed: Send {
    /// The next news; nothing when there will be no more.
    async fn next(&mut self) -> Option<News>;
}

/// What a [`Feed`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// An event of this customer has its place.
    Stamped {
        /// Whose.
        user: UserId,
        /// What it is about.
        order: OrderId,
        /// Which place.
        seq: EventSeq,
    },
    /// The subscription was interrupted: anything may have been missed.
    Gap,
}

/// Passes the news on to `hub` until the feed or the process ends.
pub async fn listen(mut feed: impl Feed, hub: Hub, stop: Stop) {
    loop {
        let news = tokio::select! {
            news = feed.next() => news,
            () = stop.stopping() => return,
        };
        match news {
            Some(News::Stamped { user, order, seq }) => hub.announce(user, order, seq),
            Some(News::Gap) => hub.doubt(),
            None => return,
        }
    }
}
