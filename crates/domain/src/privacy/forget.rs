//! Dropping keys whose time is over, and what was sealed under them.

use std::sync::Arc;

use chrono::Days;

use super::SmsVault;
use crate::{
    store::StoreError,
    time::{Clock, Day},
};

/// Forgets the texts and codes of SMS some days after they came.
///
/// A reconciler: dropping the key is what counts, because it reaches every copy of the rows; taking
/// the sealed remains out of them only saves space. What an earlier version stored in plain text is
/// sealed first, so that it ends the same way.
#[derive(Clone)]
pub struct ForgetSms {
    vault: Arc<dyn SmsVault>,
    clock: Arc<dyn Clock>,
    keep_days: u32,
}

/// What one run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Rows of earlier versions that are sealed now.
    pub sealed: u64,
    /// Days whose messages nobody can read any more.
    pub dropped: Vec<Day>,
    /// Rows from which sealed remains were removed.
    pub cleared: u64,
    /// There may be more to do.
    pub unfinished: bool,
}

impl ForgetSms {
    /// Rows of each table in one statement.
    pub const BATCH: u32 = 500;

    /// Wires the use case. Messages stay readable for `keep_days` whole days after their own, and
    /// for one at least: orders run past midnight.
    pub fn new(vault: Arc<dyn SmsVault>, clock: Arc<dyn Clock>, keep_days: u32) -> Self {
        Self { vault, clock, keep_days: keep_days.max(1) }
    }

    /// Does up to one batch of each kind of work.
    pub async fn run_once(&self) -> Result<Forgotten, StoreError> {
        let today = self.clock.now().date_naive();
        let oldest_kept = today.checked_sub_days(Days::new(self.keep_days.into()));
        self.forget(oldest_kept.unwrap_or(Day::MIN)).await
    }

    async fn forget(&self, before: Day) -> Result<Forgotten, StoreError> {
        let sealed = self.vault.seal_plain(Self::BATCH).await?;
        let dropped = self.vault.drop_keys(before).await?;
        let cleared = self.vault.clear(Self::BATCH).await?;
        let unfinished = sealed.max(cleared) >= u64::from(Self::BATCH);
        Ok(Forgotten { sealed, dropped, cleared, unfinished })
    }
}
