//! The Redis adapters on a server that each test starts, kills and stops for itself.

mod connection;
mod leader;
mod limiter;
mod order_feed;
mod token_news;
mod waker;
