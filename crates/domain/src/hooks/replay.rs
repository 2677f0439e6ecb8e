//! Having a message delivered again.

use std::sync::Arc;

use super::{About, Message, MessageId};
use crate::{
    fault::{Code, Fault},
    ids::UserId,
    outbox::{Queue, Wake},
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    tasks::{NewTask, TaskKind},
    time::Clock,
};

/// Sends a message again, under the id that it always had, however it ended.
#[derive(Clone)]
pub struct ReplayMessage {
    store: Arc<dyn Store>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

impl ReplayMessage {
    /// Wires the use case.
    pub fn new(store: Arc<dyn Store>, wake: Arc<dyn Wake>, clock: Arc<dyn Clock>) -> Self {
        Self { store, wake, clock }
    }

    /// Runs the use case; `owner` is whose message it must be, and nothing for operators.
    #[tracing::instrument(skip_all, fields(message.id = %id))]
    pub async fn execute(
        &self,
        owner: Option<UserId>,
        id: MessageId,
    ) -> Result<Message, ReplayError> {
        let message = retrying(ATTEMPTS, || self.enqueue(owner, id)).await?;
        self.wake.wake(Queue::Tasks);
        Ok(message)
    }

    async fn enqueue(&self, owner: Option<UserId>, id: MessageId) -> Result<Message, ReplayError> {
        let mut uow = self.store.begin().await?;
        let message = uow.hooks().lock_message(id).await?;
        let message = message.filter(|it| owner.is_none_or(|owner| it.user == owner));
        let mut message = message.ok_or(ReplayError::NotFound)?;
        if message.about == About::Test {
            return Err(ReplayError::Trial);
        }
        let endpoint = uow.hooks().lock_endpoint(message.user).await?;
        if endpoint.is_none_or(|endpoint| endpoint.active_url().is_none()) {
            return Err(ReplayError::Inactive);
        }
        message.replay();
        uow.hooks().update_message(&message, self.clock.now()).await?;
        let subject = message.subject().ok_or(ReplayError::NotFound)?;
        uow.tasks().enqueue(&NewTask::new(TaskKind::DeliverHook, subject)).await?;
        uow.commit().await?;
        Ok(message)
    }
}

/// Why a message is not sent again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// No such message of this customer.
    #[error("no such message")]
    NotFound,
    /// A trial is not worth it.
    #[error("a trial is not sent again")]
    Trial,
    /// Nowhere to send it to.
    #[error("the endpoint has no address or is disabled")]
    Inactive,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ReplayError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::Trial | Self::Inactive => Code::Conflict,
            Self::Store(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Trial => "A test is not sent again; start another one".to_owned(),
            Self::Inactive => "The webhook has no URL or is disabled".to_owned(),
            _ => self.code().default_message().to_owned(),
        }
    }
}

impl AsContention for ReplayError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
