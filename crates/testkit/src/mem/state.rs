use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    ids::{InboxId, OrderId, ProviderId, TaskId, UserId},
    inbox::{StoredCallback, StoredMessage},
    orders::{Order, Orphan},
    outbox::{Event, StampedEvent},
    rates::{IdrPerUsd, Rate},
    store::StoreError,
    tasks::{Subject, TaskKind},
    time::{Day, Timestamp},
};

use super::{
    books::Books, catalog::Catalog, conduct::Conducts, cow::Cow, directory::Providers,
    hooks::Hooks, identity::Identities, periodic::Runs, tasks::TaskRow, topups::Payins,
};

/// Everything that is stored.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) books: Cow<Books>,
    /// How many rows were added up, and how many were audited.
    pub(super) rolled_up: usize,
    pub(super) audited: usize,
    pub(super) orders: Cow<BTreeMap<OrderId, OrderRow>>,
    pub(super) requests: Cow<HashMap<(UserId, &'static str, String), Request>>,
    pub(super) orphans: Cow<HashMap<(ProviderId, String), Orphan>>,
    pub(super) callbacks: Cow<BTreeMap<InboxId, StoredCallback>>,
    pub(super) messages: Cow<BTreeMap<OrderId, Vec<StoredMessage>>>,
    /// Days whose messages are forgotten, and since when.
    pub(super) dropped_keys: BTreeMap<Day, Timestamp>,
    pub(super) payins: Cow<Payins>,
    pub(super) rate: Option<(IdrPerUsd, Timestamp)>,
    /// With the SMS that they tell of.
    pub(super) fresh_events: Cow<Vec<(Event, Timestamp, Option<i32>)>>,
    pub(super) events: Cow<Vec<StampedEvent>>,
    pub(super) hooks: Cow<Hooks>,
    pub(super) identities: Cow<Identities>,
    pub(super) conducts: Cow<Conducts>,
    pub(super) catalog: Cow<Catalog>,
    pub(super) providers: Cow<Providers>,
    pub(super) tasks: Cow<BTreeMap<TaskId, TaskRow>>,
    pub(super) last_task: i64,
    pub(super) runs: Cow<Runs>,
    pub(super) discarded: Cow<BTreeSet<(TaskKind, Subject)>>,
    pub(super) songs: Cow<Vec<(TaskId, Timestamp)>>,
}

/// An order, and when each reconciler may look at it again.
#[derive(Debug, Clone)]
pub(super) struct OrderRow {
    pub(super) order: Order,
    pub(super) poll_at: Option<Timestamp>,
    pub(super) expire_at: Option<Timestamp>,
}

impl OrderRow {
    pub(super) const fn new(order: Order) -> Self {
        Self { order, poll_at: None, expire_at: None }
    }
}

/// What a request key stands for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) fingerprint: String,
    pub(super) orders: Vec<OrderId>,
    pub(super) shown_at: Option<Rate>,
}

/// The id after the last one of a table, as a number.
pub(super) fn next_id<K: Ord, V>(table: &BTreeMap<K, V>, number: impl Fn(&K) -> i64) -> i64 {
    table.last_key_value().map_or(0, |(id, _)| number(id)) + 1
}

/// The answer to a caller that breaks the rules of a port.
pub(super) fn misuse(what: &str) -> StoreError {
    StoreError::Internal(what.into())
}
