//! Deleting what is over and nobody needs any more.
//!
//! What is not listed here is kept for good: the ledger and everything that explains it, orders,
//! top-ups and the events that customers were told.

use std::time::Duration;

use async_trait::async_trait;

use crate::store::StoreError;

/// What is deleted some time after it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    /// Keys of requests, from when they were used.
    RequestKeys,
    /// Providers' callbacks that are settled, from when they came.
    Callbacks,
    /// Gateways' notifications, from when they came, unless their payment is being looked at.
    Notices,
    /// Activations that no order owned, from when their provider listed them last.
    Orphans,
    /// What operators did to dead tasks, unless it still keeps a task from being stored anew.
    Interventions,
    /// Who stopped customers or let them go on, unless they are still stopped by it.
    CustomerAudit,
    /// Messages to customers' servers with their attempts, from when they ended.
    HookMessages,
}

impl Record {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::RequestKeys,
        Self::Callbacks,
        Self::Notices,
        Self::Orphans,
        Self::Interventions,
        Self::CustomerAudit,
        Self::HookMessages,
    ];

    /// The name of its table.
    pub const fn table(self) -> &'static str {
        match self {
            Self::RequestKeys => "idempotency_keys",
            Self::Callbacks => "sms_inbox",
            Self::Notices => "payment_notices",
            Self::Orphans => "orphan_activations",
            Self::Interventions => "task_audit",
            Self::CustomerAudit => "customer_audit",
            Self::HookMessages => "webhook_messages",
        }
    }
}

/// Where [`Record`]s are stored.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Deletes up to `limit` of what has been over for longer than `keep`, the oldest first, on the
    /// storage's own clock. What something open refers to stays, and so does everything for a least
    /// time of its own: a shorter `keep` is refused.
    async fn purge(&self, record: Record, keep: Duration, limit: u32)
    -> Result<Purged, StoreError>;
}

/// What a purge found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// How many were deleted.
    pub removed: u64,
    /// For how long the oldest of the others has been over.
    pub oldest: Option<Duration>,
}
