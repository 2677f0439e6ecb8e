use std::time::Duration;

use async_trait::async_trait;

use super::{Capabilities, Order, Status};
use crate::{
    abuse::Ban,
    fault::{Code, Fault},
    ids::{ExternalId, OrderId, ProviderId, UserId},
    money::Cost,
    providers::PhoneNumber,
    rates::Rate,
    store::{AsContention, StoreError},
    time::Timestamp,
};

/// Orders inside a unit of work.
#[async_trait]
pub trait OrderRepo: Send {
    /// The order, locked until the unit ends.
    async fn lock(&mut self, id: OrderId) -> Result<Option<Order>, StoreError>;

    /// The order that rents this activation, locked until the unit ends.
    async fn lock_by_activation(
        &mut self,
        provider: ProviderId,
        external_id: &ExternalId,
    ) -> Result<Option<Order>, StoreError>;

    /// Writes back an order that this unit has locked.
    async fn update(&mut self, order: &Order) -> Result<(), StoreError>;

    /// What [`OrderWork::note_orphan`] noted, locked until the unit ends: it is adopted by nobody
    /// meanwhile.
    async fn lock_orphan(
        &mut self,
        provider: ProviderId,
        id: &ExternalId,
    ) -> Result<Option<Orphan>, StoreError>;

    /// Keeps an activation that this unit has locked from being adopted, for good.
    async fn write_off(
        &mut self,
        provider: ProviderId,
        id: &ExternalId,
        at: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The two hot units of a purchase, each one round trip and one commit.
///
/// A port of its own so that grouping many purchases into one commit can enter behind it.
#[async_trait]
pub trait Purchases: Send + Sync {
    /// Stores the request key, sets the money aside and stores the orders: all or nothing.
    ///
    /// Fewer orders than asked for are made when the wallet does not hold enough for all, or when
    /// all of them would be too many at once.
    async fn reserve(&self, reservation: &Reservation) -> Result<Reserved, ReserveError>;

    /// What the same request made before, if it came before.
    async fn replay(
        &self,
        user: UserId,
        key: &RequestKey,
    ) -> Result<Option<Vec<OrderId>>, ReserveError>;

    /// Keeps the rate at which the answer to this request first showed dollars, and tells which one
    /// that was; nothing when the key was never used or is forgotten.
    async fn pin_rate(
        &self,
        user: UserId,
        key: &RequestKey,
        rate: Rate,
    ) -> Result<Option<Rate>, StoreError>;

    /// Stores the number of a reserved order together with its event. The order passed is in its
    /// new state.
    async fn activate(&self, order: &Order) -> Result<Claim, StoreError>;

    /// The same for an activation that nobody owned until now, as
    /// [`OrderWork::note_orphan`] noted it. One that was written off is taken.
    async fn activate_orphan(&self, order: &Order) -> Result<Claim, StoreError>;
}

/// Several equal orders to be reserved at once.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// Each of them, but for its id, which storage assigns.
    pub draft: Order,
    /// How many, 1 to 100.
    pub quantity: u32,
    /// How many orders of the customer may be unfinished at once: bought, without a message, and
    /// not over.
    pub most_unfinished: u32,
    /// Makes a repeat harmless.
    pub key: Option<RequestKey>,
    /// Name of the draft's mobile network, if one was chosen.
    pub carrier_name: Option<String>,
}

/// Identifies a request of one account and what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The key the customer sent.
    pub key: IdempotencyKey,
    /// The operation; keys of different operations never collide.
    pub operation: &'static str,
    /// Everything the request asked for, in one canonical text.
    pub fingerprint: String,
}

/// A customer's idempotency key: 1 to 128 of `A-Z a-z 0-9 _ -`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Accepts the pattern of the contract.
    pub fn parse(raw: &str) -> Option<Self> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        ((1..=128).contains(&raw.len()) && raw.bytes().all(good)).then(|| Self(raw.to_owned()))
    }

    /// The key as the customer wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a reservation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// These orders are new; their money is set aside.
    New(Vec<Order>),
    /// The same request came before and made these.
    Replay(Vec<OrderId>),
}

/// Why nothing was reserved.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// The wallet does not hold the price of one order.
    #[error("the wallet holds too little")]
    InsufficientFunds,
    /// The customer's purchases are stopped.
    #[error("purchases of this customer are stopped")]
    Frozen,
    /// The key came before with another request.
    #[error("the idempotency key was used with a different request")]
    KeyReused,
    /// So many orders of this customer wait for their first message already.
    #[error("{0} orders of this customer are unfinished already")]
    TooMany(u32),
    /// The customer may not buy for a while.
    #[error("this customer is banned")]
    Banned(Ban),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ReserveError {
    fn code(&self) -> Code {
        match self {
            Self::InsufficientFunds => Code::InsufficientBalance,
            Self::Frozen => Code::Forbidden,
            Self::KeyReused => Code::IdempotencyKeyReused,
            Self::TooMany(_) => Code::RateLimitExceeded,
            Self::Banned(_) => Code::TempBannedAbuseGuard,
            Self::Store(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::TooMany(most) => format!(
                "At most {most} orders may wait for their first SMS at once; try again when one of \
                 them has it or is over"
            ),
            _ => self.code().default_message().to_owned(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany(_) => Some(Self::NEXT_LOOK),
            Self::Banned(ban) => Some(ban.left),
            _ => None,
        }
    }

    fn ban(&self) -> Option<Ban> {
        match self {
            Self::Banned(ban) => Some(*ban),
            _ => None,
        }
    }
}

impl ReserveError {
    /// When somebody who has too many orders should try again: any of them may end any moment.
    const NEXT_LOOK: Duration = Duration::from_secs(10);
}

impl AsContention for ReserveError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}

/// Whether a step found the order where it expected it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Done.
    Won,
    /// Somebody else moved the order first.
    Lost,
    /// The activation belongs to another order already.
    Taken,
}

/// What reconcilers look for. Nothing here locks beyond its own statement.
#[async_trait]
pub trait OrderWork: Send + Sync {
    /// Reserving orders whose provider was asked before `before`, oldest first.
    async fn stuck(&self, before: Timestamp, limit: u32) -> Result<Vec<Order>, StoreError>;

    /// Reserving orders of `provider` asked at or after `since`, counted by what they asked for.
    async fn in_flight(
        &self,
        provider: ProviderId,
        since: Timestamp,
    ) -> Result<Vec<InFlight>, StoreError>;

    /// Numbers of `provider` that reserving orders have asked for once more.
    async fn asked_again(&self, provider: ProviderId) -> Result<Vec<PhoneNumber>, StoreError>;

    /// Those of `ids` that belong to an order of ours, whatever its state.
    async fn known(
        &self,
        provider: ProviderId,
        ids: &[ExternalId],
    ) -> Result<Vec<ExternalId>, StoreError>;

    /// Numbers of `provider` that customers have waited on since before `before`.
    async fn waited_on(
        &self,
        provider: ProviderId,
        before: Timestamp,
    ) -> Result<Vec<ExternalId>, StoreError>;

    /// Running orders whose provider should be asked now; each is not given out again for
    /// `interval`.
    async fn due_polls(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError>;

    /// Running orders whose window is over; each is not given out again for `interval`.
    async fn due_expiries(
        &self,
        now: Timestamp,
        interval: Duration,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError>;

    /// Notes an activation that nobody owns and tells what is known of it.
    async fn note_orphan(
        &self,
        provider: ProviderId,
        id: &ExternalId,
        now: Timestamp,
    ) -> Result<Orphan, StoreError>;

    /// The most that a provider's price list asks for a service, in a country if it is given.
    async fn listed_cost(
        &self,
        provider: ProviderId,
        service: &str,
        country: Option<&str>,
    ) -> Result<Option<Cost>, StoreError>;

    /// Providers to be swept for activations that nobody owns; each is not given out again for
    /// `interval`.
    async fn due_sweeps(
        &self,
        now: Timestamp,
        interval: Duration,
    ) -> Result<Vec<ProviderId>, StoreError>;
}

/// An activation that nobody owned when it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orphan {
    /// When it was seen first.
    pub since: Timestamp,
    /// Whether its cost was booked as ours: nobody can own it any more.
    pub is_written_off: bool,
}

/// Purchases under way at one provider for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// The provider's code of the service.
    pub service: String,
    /// The provider's code of the country.
    pub country: String,
    /// How many.
    pub count: i64,
}

/// Reading orders, for customers: only the owner's, only public states.
#[async_trait]
pub trait OrderQueries: Send + Sync {
    /// One order.
    async fn find(&self, user: UserId, id: OrderId) -> Result<Option<OrderView>, StoreError>;

    /// Newest first.
    async fn list(&self, user: UserId, page: OrderPage) -> Result<Vec<OrderView>, StoreError>;

    /// All that are not over, newest first.
    async fn active(&self, user: UserId) -> Result<Vec<OrderView>, StoreError>;

    /// These orders in every state and in the order in which they were made, for answering a
    /// repeated request.
    async fn by_ids(&self, user: UserId, ids: &[OrderId]) -> Result<Vec<OrderView>, StoreError>;
}

/// An order with the names that customers see beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// The order.
    pub order: Order,
    /// Name of the mobile network, if one was chosen.
    pub carrier_name: Option<String>,
    /// Whether its provider rents numbers out again.
    pub reactivates: bool,
}

impl OrderView {
    /// What the customer may do with it at `now`.
    pub fn capabilities(&self, now: Timestamp) -> Capabilities {
        let can_reactivate = self.reactivates && self.order.status() == Status::Completed;
        Capabilities { can_reactivate, ..Capabilities::of(&self.order, now) }
    }
}

/// Which orders to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderPage {
    /// 1 to 100.
    pub limit: u32,
    /// How many to skip.
    pub offset: u32,
    /// Only these.
    pub status: Option<Status>,
}
