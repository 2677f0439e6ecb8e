//! Trying an endpoint on its owner's request.

use std::{sync::Arc, time::Duration};

use super::{
    About, Endpoint, HookSender, Message, MessageId, MessageState, News, Parcel, SendOutcome, Sent,
    Target, Trigger, attempts::attempt,
};
use crate::{
    fault::{Code, Fault, FieldFault},
    ids::UserId,
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::{Clock, IdGen},
};

/// Sends a message that tells of nothing and reports what came of it at once.
///
/// It counts neither for nor against the endpoint.
#[derive(Clone)]
pub struct TryEndpoint {
    store: Arc<dyn Store>,
    sender: Arc<dyn HookSender>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
}

impl TryEndpoint {
    /// Trials of one endpoint in [`Self::WINDOW`]: enough for a person, too few to hurt a stranger.
    pub const LIMIT: u32 = 5;
    /// How long trials are counted.
    pub const WINDOW: Duration = Duration::from_mins(1);

    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        sender: Arc<dyn HookSender>,
        (clock, ids): (Arc<dyn Clock>, Arc<dyn IdGen>),
    ) -> Self {
        Self { store, sender, clock, ids }
    }

    /// The status that the customer's server answered with.
    #[tracing::instrument(skip_all, fields(user.id = %user))]
    pub async fn execute(&self, user: UserId) -> Result<u16, TrialError> {
        let id = MessageId::new(self.ids.uuid());
        let (message, endpoint) = retrying(ATTEMPTS, || self.begin(user, id)).await?;
        let parcel = Parcel {
            id,
            event: message.about.name(),
            at: message.at,
            news: News::Test,
            number: message.attempts,
        };
        let url = endpoint.url.clone().ok_or(TrialError::NoUrl)?;
        let target = Target { url, secret: endpoint.secret };
        let sent = self.sender.send(&target, &parcel).await;
        retrying(ATTEMPTS, || self.record(&message, &sent)).await?;
        sent.outcome.status().ok_or(TrialError::NoAnswer(sent.outcome))
    }

    /// Stores that there is a trial, so that the next ones are counted.
    async fn begin(&self, user: UserId, id: MessageId) -> Result<(Message, Endpoint), TrialError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let endpoint = uow.hooks().lock_endpoint(user).await?.ok_or(TrialError::NoUrl)?;
        if endpoint.url.is_none() {
            return Err(TrialError::NoUrl);
        }
        if uow.hooks().trials_since(user, now - Self::WINDOW).await? >= Self::LIMIT {
            return Err(TrialError::TooMany);
        }
        let message = Message {
            id,
            user,
            about: About::Test,
            at: now,
            expires_at: None,
            state: MessageState::Dropped,
            attempts: 1,
            round: 1,
            trigger: Trigger::Test,
        };
        uow.hooks().add_trial(&message).await?;
        uow.commit().await?;
        Ok((message, endpoint))
    }

    async fn record(&self, message: &Message, sent: &Sent) -> Result<(), TrialError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let Some(mut message) = uow.hooks().lock_message(message.id).await? else { return Ok(()) };
        if sent.outcome.is_success() {
            message.state = MessageState::Delivered;
        }
        uow.hooks().add_attempt(&attempt(&message, Trigger::Test, sent, None, now)).await?;
        uow.hooks().update_message(&message, now).await?;
        Ok(uow.commit().await?)
    }
}

/// Why a trial brought no status.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// There is no address to try.
    #[error("the endpoint has no address")]
    NoUrl,
    /// Too many of late.
    #[error("too many trials of the endpoint")]
    TooMany,
    /// The server gave no answer.
    #[error("the endpoint gave no answer: {}", .0.as_str())]
    NoAnswer(SendOutcome),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for TrialError {
    fn code(&self) -> Code {
        match self {
            Self::NoUrl | Self::NoAnswer(_) => Code::ValidationError,
            Self::TooMany => Code::RateLimitExceeded,
            Self::Store(error) => error.code(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::TooMany).then_some(TryEndpoint::WINDOW)
    }

    fn fields(&self) -> Vec<FieldFault> {
        let message = match self {
            Self::NoUrl => "is not set",
            Self::NoAnswer(SendOutcome::TimedOut) => "did not answer in time",
            Self::NoAnswer(SendOutcome::Blocked) => "must lead to a public address",
            Self::NoAnswer(_) => "could not be reached",
            Self::TooMany | Self::Store(_) => return Vec::new(),
        };
        vec![FieldFault::new("webhook_url", message)]
    }
}

impl AsContention for TrialError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
