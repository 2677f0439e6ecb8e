//! Completing an order that has its SMS.

use std::sync::Arc;

use super::{IllegalTransition, Order, cancel::conflict_message, close::tell_provider};
use crate::{
    fault::{Code, Fault},
    ids::{OrderId, UserId},
    outbox::{Event, EventKind, Queue, Wake},
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::Clock,
};

/// Ends an order whose customer has what they came for.
///
/// Moves no money. The provider is told by [`super::close::CloseUpstream`], so that a slow one
/// does not keep the customer waiting.
#[derive(Clone)]
pub struct FinishOrder {
    store: Arc<dyn Store>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

impl FinishOrder {
    /// Wires the use case.
    pub fn new(store: Arc<dyn Store>, wake: Arc<dyn Wake>, clock: Arc<dyn Clock>) -> Self {
        Self { store, wake, clock }
    }

    /// Runs the use case.
    #[tracing::instrument(skip_all, fields(user.id = %user, order.id = %id))]
    pub async fn execute(&self, user: UserId, id: OrderId) -> Result<Order, FinishError> {
        let order = retrying(ATTEMPTS, || self.complete(user, id)).await?;
        self.wake.wake(Queue::Events);
        Ok(order)
    }

    async fn complete(&self, user: UserId, id: OrderId) -> Result<Order, FinishError> {
        let mut uow = self.store.begin().await?;
        let order = uow.orders().lock(id).await?.filter(|order| order.user == user);
        let order = order.filter(|order| order.status().is_public());
        let order = order.ok_or(FinishError::NotFound)?.complete(self.clock.now())?;
        complete(&mut *uow, &order).await?;
        uow.commit().await?;
        Ok(order)
    }
}

/// Writes a completed order inside a unit, tells its owner, and leaves the provider to be told.
pub(super) async fn complete(
    uow: &mut (dyn crate::store::UnitOfWork + '_),
    completed: &Order,
) -> Result<(), StoreError> {
    uow.orders().update(completed).await?;
    let kind = EventKind::OrderCompleted;
    let event = Event { user: completed.user, order: completed.id, kind };
    uow.outbox().publish(event, completed.changed_at).await?;
    tell_provider(uow, completed).await
}

/// Why an order was not completed.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// No such order of this customer.
    #[error("no such order")]
    NotFound,
    /// Its state does not allow it.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for FinishError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::Illegal(_) => Code::Conflict,
            Self::Store(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Illegal(error) => conflict_message(error.from).to_owned(),
            _ => self.code().default_message().to_owned(),
        }
    }
}

impl AsContention for FinishError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
