use crate::{
    fault::{Code, Fault},
    ids::OrderId,
    ledger::PostError,
    orders::{Claim, FailReason, IllegalTransition},
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::Clock,
};

/// The unit that ends a purchase without a number; used by the purchase itself and by its
/// reconciler, so that both do the same.
pub(in crate::orders) struct Settlement<'a> {
    pub(in crate::orders) store: &'a dyn Store,
    pub(in crate::orders) clock: &'a dyn Clock,
}

impl Settlement<'_> {
    /// Gives the money back and ends the order, if it still is at this attempt.
    pub(in crate::orders) async fn release(
        &self,
        id: OrderId,
        attempt: i16,
        reason: FailReason,
    ) -> Result<Claim, SettleError> {
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            let order = uow.orders().lock(id).await?.filter(|order| order.attempt == attempt);
            let Some(order) = order else { return Ok(Claim::Lost) };
            let Ok(failed) = order.fail(reason, self.clock.now()) else { return Ok(Claim::Lost) };
            uow.ledger().post(&failed.money().release()).await?;
            uow.orders().update(&failed).await?;
            uow.commit().await?;
            Ok(Claim::Won)
        })
        .await
    }
}

/// Why an order was not settled in this pass.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The ledger refused.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Somebody was faster.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for SettleError {
    fn code(&self) -> Code {
        match self {
            Self::Post(error) => error.code(),
            Self::Illegal(_) => Code::Conflict,
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for SettleError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            Self::Illegal(_) => false,
        }
    }
}
