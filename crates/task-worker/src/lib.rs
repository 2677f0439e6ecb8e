//! Outbox relay, reconcilers and periodic tasks.
