use async_trait::async_trait;

use super::{Ban, Conduct, Tier};
use crate::{ids::UserId, orders::Order, store::StoreError, time::Timestamp};

/// What customers do with what they buy, inside a unit of work.
#[async_trait]
pub trait ConductRepo: Send {
    /// Holds the end of an order that this unit has locked against its customer.
    async fn give_up(&mut self, order: &Order, at: Timestamp) -> Result<(), StoreError>;

    /// The outcomes of a customer's purchases since `since`, or since a ban was lifted.
    async fn outcomes(&mut self, user: UserId, since: Timestamp) -> Result<Conduct, StoreError>;

    /// Bans a customer in the name of the guard; false where a ban is in force that is no softer.
    async fn trip(&mut self, trip: &Trip) -> Result<bool, StoreError>;

    /// Does what an operator decided about a customer, and of a suspended one about its test
    /// account, and keeps who and why.
    async fn decide(&mut self, decision: &Decision) -> Result<Decided, StoreError>;
}

/// What the guard found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    /// The customer.
    pub user: UserId,
    /// How hard.
    pub tier: Tier,
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Why, in words.
    pub reason: String,
}

/// What an operator decides about a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Nothing is bought until then.
    Ban {
        /// When it is over.
        until: Timestamp,
    },
    /// Whatever ban there is is over, and nothing before counts against the customer any more.
    Unban,
    /// The account is closed to its customer: everything is refused, until it is resumed.
    Suspend,
    /// The account is open again.
    Resume,
}

/// A measure, with who takes it and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whom it concerns.
    pub user: UserId,
    /// What.
    pub measure: Measure,
    /// Who.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It is so from now on.
    Done,
    /// It was so before; nothing is written.
    Already,
    /// There is no such customer.
    Unknown,
}

/// Asking to cancel, which customers may do so many times a day.
#[async_trait]
pub trait CancelRequests: Send + Sync {
    /// Notes that the customer asks to cancel an order, in a unit of its own. Answers nothing when
    /// it is noted or was before; when `most` others were canceled since `since`, or are just
    /// being, the moment at which the oldest of these was.
    async fn ask(
        &self,
        order: &Order,
        (at, since): (Timestamp, Timestamp),
        most: u32,
    ) -> Result<Option<Timestamp>, StoreError>;
}

/// How a customer stands, for operators.
#[async_trait]
pub trait ConductQueries: Send + Sync {
    /// Whether the customer is suspended, and banned at `now`.
    async fn standing(&self, user: UserId, now: Timestamp) -> Result<Standing, StoreError>;
}

/// How a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Since when everything is refused.
    pub suspended_at: Option<Timestamp>,
    /// The ban in force.
    pub ban: Option<Ban>,
}
