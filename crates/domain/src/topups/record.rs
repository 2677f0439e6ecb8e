//! Taking in a gateway's notification.

use std::sync::Arc;

use super::confirm;
use crate::{
    fault::{Code, Fault},
    gateways::{Notice, PaymentGateway, VerifyError, WebhookHeaders},
    outbox::{Queue, Wake},
    store::{ATTEMPTS, Store, StoreError, retrying},
    time::{Clock, Timestamp},
};

/// Verifies the raw bytes, keeps them, and leaves a task that asks the gateway what happened.
#[derive(Clone)]
pub struct RecordNotice {
    gateway: Arc<dyn PaymentGateway>,
    store: Arc<dyn Store>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

impl RecordNotice {
    /// Wires the use case.
    pub fn new(
        gateway: Arc<dyn PaymentGateway>,
        store: Arc<dyn Store>,
        wake: Arc<dyn Wake>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { gateway, store, wake, clock }
    }

    /// Once this answers without an error, the gateway may forget the notification.
    pub async fn execute(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
    ) -> Result<(), RecordError> {
        let now = self.clock.now();
        if let Some(notice) = self.gateway.verify(headers, raw, now)? {
            retrying(ATTEMPTS, || keep(&*self.store, &notice, raw, now)).await?;
            self.wake.wake(Queue::Tasks);
        }
        Ok(())
    }
}

/// Stores a notification together with the task that acts on it. A repeat asks the gateway again,
/// which is how a gateway that sends one event twice with different facts is understood.
pub(super) async fn keep(
    store: &dyn Store,
    notice: &Notice,
    raw: &[u8],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut uow = store.begin().await?;
    let fresh = uow.topups().insert_notice(notice, raw, now).await?;
    confirm::enqueue(&mut *uow, notice.gateway, &notice.payment).await?;
    uow.commit().await?;
    Ok(fresh)
}

/// The same for one that the gateway kept for us; does nothing when it is known.
pub(super) async fn keep_new(
    store: &dyn Store,
    notice: &Notice,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut uow = store.begin().await?;
    if !uow.topups().insert_notice(notice, b"", now).await? {
        return Ok(false);
    }
    confirm::enqueue(&mut *uow, notice.gateway, &notice.payment).await?;
    uow.commit().await?;
    Ok(true)
}

/// Why a notification was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not from the gateway, or not readable.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Storage failed; the gateway should try again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for RecordError {
    fn code(&self) -> Code {
        match self {
            Self::Verify(_) => Code::ValidationError,
            Self::Store(error) => error.code(),
        }
    }
}
