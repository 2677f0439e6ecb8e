//! Asking a gateway what became of a payment, and booking it.

use std::sync::Arc;

use super::{
    TopupState,
    apply::{self, Applied, ApplyError},
    schedule,
};
use crate::{
    fault::{Code, Fault},
    gateways::{GatewayDirectory, GatewayError, GatewayTerms, PaymentRef, PaymentReport},
    ids::TopupId,
    ledger::Gateway,
    store::{ATTEMPTS, AsContention, Store, StoreError, UnitOfWork, retrying},
    tasks::{Claim, NewTask, Subject, TaskKind},
    time::Clock,
};

/// Stores the task that confirms a payment. Many hints at one payment are one task.
pub(super) async fn enqueue(
    uow: &mut dyn UnitOfWork,
    gateway: Gateway,
    payment: &PaymentRef,
) -> Result<(), StoreError> {
    let Some(task) = task(gateway, payment) else {
        // The top-up is found all the same, by asking for all open ones.
        tracing::error!(gateway = gateway.code(), "a payment's id is none that we can keep");
        return Ok(());
    };
    uow.tasks().enqueue(&task).await
}

/// The task that confirms a payment, such as `stripe/payment:cs_1`; nothing for ids that are
/// longer than any gateway's.
pub fn task(gateway: Gateway, payment: &PaymentRef) -> Option<NewTask> {
    let subject = Subject::parse(&format!("{}/{payment}", gateway.code()))?;
    Some(NewTask::new(TaskKind::ConfirmPayment, subject))
}

/// Reads the subject of a task.
pub fn parse_subject(text: &str) -> Option<(Gateway, PaymentRef)> {
    let (gateway, payment) = text.split_once('/')?;
    Some((Gateway::parse(gateway)?, PaymentRef::parse(payment)?))
}

/// Reads a payment at its gateway and books what is not booked yet, once per unit of money however
/// often it runs.
#[derive(Clone)]
pub struct ConfirmPayment {
    store: Arc<dyn Store>,
    gateways: Arc<dyn GatewayDirectory>,
    clock: Arc<dyn Clock>,
}

impl ConfirmPayment {
    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        gateways: Arc<dyn GatewayDirectory>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, gateways, clock }
    }

    /// Runs the use case. The gateway is asked outside of any transaction; `claim` is finished in
    /// the one that books.
    ///
    /// # Errors
    /// [`ConfirmError::Zombie`] when the claim has gone to another worker: nothing was booked.
    #[tracing::instrument(skip_all, fields(gateway = gateway.code()))]
    pub async fn execute(
        &self,
        gateway: Gateway,
        payment: &PaymentRef,
        claim: Option<&Claim>,
    ) -> Result<Applied, ConfirmError> {
        let adapter = self.gateways.get(gateway).ok_or(ConfirmError::NotSetUp)?;
        let terms = adapter.terms();
        match (adapter.fetch(payment).await?, payment) {
            (Some(report), _) => retrying(ATTEMPTS, || self.book(terms, &report, claim)).await,
            (None, PaymentRef::Topup(id)) => retrying(ATTEMPTS, || self.miss(*id, claim)).await,
            (None, _) => Err(ConfirmError::Unknown),
        }
    }

    async fn book(
        &self,
        terms: GatewayTerms,
        report: &PaymentReport,
        claim: Option<&Claim>,
    ) -> Result<Applied, ConfirmError> {
        let mut uow = self.store.begin().await?;
        let applied = apply::apply(&mut *uow, terms, report, self.clock.now()).await?;
        if applied == Applied::Unknown {
            return Err(ConfirmError::Unknown);
        }
        finish(uow, claim).await?;
        Ok(applied)
    }

    /// The gateway has never heard of a top-up: its page was not opened, or not yet.
    async fn miss(&self, id: TopupId, claim: Option<&Claim>) -> Result<Applied, ConfirmError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let topup = uow.topups().lock_topup(id).await?;
        let mut topup = topup.ok_or(ConfirmError::Unknown)?;
        let is_old = topup.created_at + schedule::FORGOTTEN <= now;
        if topup.state == TopupState::Created && is_old {
            topup.state = TopupState::Expired;
            topup.poll_at = Some(schedule::after_change(topup.state, now));
            uow.topups().update_topup(&topup, now).await?;
        }
        finish(uow, claim).await?;
        Ok(Applied::Noted)
    }
}

async fn finish(mut uow: Box<dyn UnitOfWork>, claim: Option<&Claim>) -> Result<(), ConfirmError> {
    if let Some(claim) = claim
        && !uow.tasks().finish_task(claim).await?
    {
        return Err(ConfirmError::Zombie);
    }
    Ok(uow.commit().await?)
}

/// Why nothing was booked.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// The gateway knows no such payment, or we no such top-up, or not yet.
    #[error("no such payment or top-up yet")]
    Unknown,
    /// Its gateway is not set up here.
    #[error("the gateway of this payment is not set up")]
    NotSetUp,
    /// Another worker has the task by now.
    #[error("the task has gone to another worker")]
    Zombie,
    /// The gateway gave no usable answer.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// What it says could not be booked.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ConfirmError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown => Code::NotFound,
            Self::NotSetUp | Self::Zombie => Code::InternalError,
            Self::Gateway(_) => Code::ServiceUnavailable,
            Self::Apply(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for ConfirmError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Apply(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            _ => false,
        }
    }
}
