//! Taking in a gateway's notification.

use std::sync::Arc;

use super::PaymentInbox;
use crate::{
    fault::{Code, Fault},
    gateways::{PaymentGateway, VerifyError, WebhookHeaders},
    outbox::{Queue, Wake},
    store::StoreError,
    time::Clock,
};

/// Verifies the raw bytes and stores what they tell; the money moves in
/// [`super::credit::CreditTopups`].
#[derive(Clone)]
pub struct RecordPayment {
    gateway: Arc<dyn PaymentGateway>,
    inbox: Arc<dyn PaymentInbox>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

impl RecordPayment {
    /// Wires the use case.
    pub fn new(
        gateway: Arc<dyn PaymentGateway>,
        inbox: Arc<dyn PaymentInbox>,
        wake: Arc<dyn Wake>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { gateway, inbox, wake, clock }
    }

    /// Once this answers without an error, the gateway may forget the notification.
    pub async fn execute(
        &self,
        headers: &WebhookHeaders<'_>,
        raw: &[u8],
    ) -> Result<(), RecordError> {
        let now = self.clock.now();
        if let Some(payment) = self.gateway.verify(headers, raw, now)? {
            self.inbox.store(&payment, raw, now).await?;
            self.wake.wake(Queue::Payments);
        }
        Ok(())
    }
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
