//! Redis, where nothing is kept that may not be lost: leases, wake-ups and the live feed.

mod connection;
mod leader;
mod limiter;
mod order_feed;
mod subscription;
mod token_news;
mod waker;

pub use connection::{Redis, RedisError};
pub use leader::{Leader, Lease};
pub use limiter::RedisLimiter;
pub use order_feed::{FeedItem, FeedReader, OrderFeed, OrderFeedListener, OrderNote};
pub use token_news::{RedisTokenNews, TokenNewsItem, hear_token_news};
pub use waker::{WakeListener, Waker};
