//! Every target on its corpus, and on changes of it.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod corpus;
mod trials;
