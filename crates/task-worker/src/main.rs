//! Outbox relay, reconcilers and periodic tasks.
fn main() {}
