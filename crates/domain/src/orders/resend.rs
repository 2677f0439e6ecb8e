//! Asking for a further SMS.

use std::sync::Arc;

use super::{
    Capabilities, IllegalTransition, Order, OrderQueries, OrderTerms, cancel::conflict_message,
};
use crate::{
    fault::{Code, Fault},
    ids::{OrderId, UserId},
    providers::{ProviderError, ProviderRegistry},
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::Clock,
};

/// Tells the provider that one more SMS is awaited on the same number. Moves no money.
#[derive(Clone)]
pub struct ResendOrder {
    store: Arc<dyn Store>,
    orders: Arc<dyn OrderQueries>,
    registry: Arc<dyn ProviderRegistry>,
    clock: Arc<dyn Clock>,
    terms: OrderTerms,
}

impl ResendOrder {
    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        orders: Arc<dyn OrderQueries>,
        registry: Arc<dyn ProviderRegistry>,
        clock: Arc<dyn Clock>,
        terms: OrderTerms,
    ) -> Self {
        Self { store, orders, registry, clock, terms }
    }

    /// Runs the use case.
    #[tracing::instrument(skip_all, fields(user.id = %user, order.id = %id))]
    pub async fn execute(&self, user: UserId, id: OrderId) -> Result<Order, ResendError> {
        let view = self.orders.find(user, id).await?.ok_or(ResendError::NotFound)?;
        let order = view.order;
        let capabilities = Capabilities::of(&order, self.clock.now());
        let (true, Some(lease)) = (capabilities.can_resend, order.lease()) else {
            let illegal = IllegalTransition { from: order.status(), step: "sent again" };
            return Err(ResendError::Illegal(illegal));
        };
        let adapter = self.registry.get(order.quote.provider).await?;
        let adapter = adapter.ok_or(ResendError::Provider(ProviderError::Refused("gone")))?;
        adapter.resend(&lease.external_id).await?;
        retrying(ATTEMPTS, || self.note(id)).await
    }

    async fn note(&self, id: OrderId) -> Result<Order, ResendError> {
        let now = self.clock.now();
        let next = now + self.terms.resend_cooldown;
        let mut uow = self.store.begin().await?;
        let order = uow.orders().lock(id).await?.ok_or(ResendError::NotFound)?;
        let order = order.resent(next, now)?;
        uow.orders().update(&order).await?;
        uow.commit().await?;
        Ok(order)
    }
}

/// Why no further SMS was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ResendError {
    /// No such order of this customer.
    #[error("no such order")]
    NotFound,
    /// Nothing delivered yet, over, or asked too recently.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The provider refused or did not answer.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ResendError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::Illegal(_) => Code::Conflict,
            Self::Provider(_) => Code::ProviderError,
            Self::Store(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Illegal(IllegalTransition { from: super::Status::OtpReceived, .. }) => {
                "A further SMS was asked for a moment ago".to_owned()
            }
            Self::Illegal(error) => conflict_message(error.from).to_owned(),
            _ => self.code().default_message().to_owned(),
        }
    }
}

impl AsContention for ResendError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contention())
    }
}
