use async_trait::async_trait;

use crate::{
    store::StoreError,
    time::{Day, Timestamp},
};

/// Texts and codes of SMS at rest: each is sealed under the key of a day, which can be dropped.
#[async_trait]
pub trait SmsVault: Send + Sync {
    /// Seals up to `limit` orders, messages and callbacks each that an earlier version stored in
    /// plain text; answers how many of all there were.
    async fn seal_plain(&self, limit: u32) -> Result<u64, StoreError>;

    /// Drops the keys of all days before `before` that are over; answers which.
    async fn drop_keys(&self, before: Day) -> Result<Vec<Day>, StoreError>;

    /// Removes what is sealed under dropped keys from up to `limit` orders, messages and callbacks
    /// each; answers from how many of all.
    async fn clear(&self, limit: u32) -> Result<u64, StoreError>;

    /// Keys and what became of them, the newest day first.
    async fn list(&self, limit: u32) -> Result<Vec<SmsKey>, StoreError>;
}

/// The key of a day, but for the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmsKey {
    /// Whose messages it seals.
    pub day: Day,
    /// When the first of them came.
    pub made_at: Timestamp,
    /// Since when nobody can read them.
    pub dropped_at: Option<Timestamp>,
}
