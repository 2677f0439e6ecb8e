use std::time::Duration;

use async_trait::async_trait;

use super::{Attempt, Endpoint, HookSecret, HookUrl, Message, MessageId, News, SendOutcome};
use crate::{ids::UserId, store::StoreError, time::Timestamp};

/// Endpoints and messages inside a unit of work.
///
/// Who needs both locks the message first.
#[async_trait]
pub trait HookRepo: Send {
    /// The endpoint of a customer, locked until the unit ends; an unset one is stored if there was
    /// none.
    async fn open_endpoint(&mut self, user: UserId) -> Result<Endpoint, StoreError>;

    /// The endpoint of a customer, locked until the unit ends.
    async fn lock_endpoint(&mut self, user: UserId) -> Result<Option<Endpoint>, StoreError>;

    /// Writes back an endpoint that this unit has locked.
    async fn update_endpoint(
        &mut self,
        endpoint: &Endpoint,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// How many trials of an endpoint were begun since then.
    async fn trials_since(&mut self, user: UserId, since: Timestamp) -> Result<u32, StoreError>;

    /// Stores a message that tells of no event.
    async fn add_trial(&mut self, message: &Message) -> Result<(), StoreError>;

    /// The message, locked until the unit ends.
    async fn lock_message(&mut self, id: MessageId) -> Result<Option<Message>, StoreError>;

    /// Writes back state and counts of a message that this unit has locked.
    async fn update_message(&mut self, message: &Message, at: Timestamp) -> Result<(), StoreError>;

    /// Notes how an attempt ended.
    async fn add_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError>;
}

/// Reading endpoints and what they were sent.
#[async_trait]
pub trait HookQueries: Send + Sync {
    /// The endpoint of a customer.
    async fn endpoint(&self, user: UserId) -> Result<Option<Endpoint>, StoreError>;

    /// A message and what is needed to send it.
    async fn delivery(&self, id: MessageId) -> Result<Option<Delivery>, StoreError>;

    /// The latest attempts for a customer, newest first.
    async fn attempts(&self, user: UserId, limit: u32) -> Result<Vec<AttemptView>, StoreError>;

    /// The latest messages for a customer, newest first.
    async fn messages(&self, user: UserId, limit: u32) -> Result<Vec<Message>, StoreError>;

    /// What operators look at.
    async fn hook_vitals(&self) -> Result<HookVitals, StoreError>;
}

/// A message and what is needed to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// Where to; nothing when its owner never had an endpoint.
    pub endpoint: Option<Endpoint>,
    /// What its order's country and service are called; nothing for a trial.
    pub places: Option<Places>,
}

/// What the country and the service of an order are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The country.
    pub country: String,
    /// The service; the public API says platform.
    pub platform: String,
}

/// An attempt and what it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// The attempt.
    pub attempt: Attempt,
    /// The name of the event.
    pub event: String,
    /// The order, unless it was a trial.
    pub order: Option<crate::ids::OrderId>,
    /// What became of the message.
    pub state: super::MessageState,
}

/// What operators look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HookVitals {
    /// Messages whose next attempt is ahead.
    pub waiting: i64,
    /// How long the oldest of them that was never tried has been waiting.
    pub oldest_untried: Duration,
    /// Endpoints that are sent something.
    pub active: i64,
    /// Endpoints that are sent nothing because they failed.
    pub disabled: i64,
}

/// Decides which addresses may be called.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Whether a customer may have messages sent there. A name that cannot be resolved now passes:
    /// each attempt asks again.
    async fn check(&self, url: &HookUrl) -> Result<(), UrlFault>;
}

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Not an address at all.
    #[error("must be a URL")]
    Malformed,
    /// Neither encrypted nor set free for tests.
    #[error("must begin with https://")]
    Scheme,
    /// User name or password in front of the host.
    #[error("must not hold a user name or a password")]
    Credentials,
    /// A port on which other services than web servers listen.
    #[error("must use port 443 or one from 1024 on")]
    Port,
    /// Leads into a network that is not public, or to ourselves.
    #[error("must lead to a public address")]
    NotPublic,
}

/// Makes secrets for customers who bring none.
pub trait HookKeys: Send + Sync {
    /// A fresh one.
    fn fresh(&self) -> HookSecret;
}

/// Sends messages.
#[async_trait]
pub trait HookSender: Send + Sync {
    /// One try. Whatever goes wrong is an outcome.
    async fn send(&self, target: &Target, parcel: &Parcel) -> Sent;
}

/// Where to, and signed with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The address.
    pub url: HookUrl,
    /// The secret, if there is one.
    pub secret: Option<HookSecret>,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The message's name.
    pub id: MessageId,
    /// The event's name.
    pub event: &'static str,
    /// When it happened.
    pub at: Timestamp,
    /// What the body says.
    pub news: News,
    /// Which try of it this is, from 1.
    pub number: u32,
}

/// What came of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// How it ended.
    pub outcome: SendOutcome,
    /// The server's name, without the rest of its address.
    pub host: String,
    /// How long it took.
    pub took: Duration,
    /// The beginning of the answer, where it was text; nothing of what we sent.
    pub response: Option<String>,
    /// The pause that the server asked for.
    pub wish: Option<Duration>,
}

impl Sent {
    /// Of an endpoint without an address.
    pub(super) const fn nowhere() -> Self {
        Self {
            outcome: SendOutcome::Blocked,
            host: String::new(),
            took: Duration::ZERO,
            response: None,
            wish: None,
        }
    }
}
