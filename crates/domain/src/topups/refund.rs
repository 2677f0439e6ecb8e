//! Giving paid-in money back by decision of operators.

use std::sync::Arc;

use super::{
    PaymentRecord, Refund, RefundProgress, Topup, give_back::give_back, schedule, state,
    topup::share,
};
use crate::{
    fault::{Code, Fault, FieldFault},
    gateways::{GatewayDirectory, GatewayError, RefundRequest, RefundState, RefundWay, Refunded},
    ids::{RefundId, TopupId},
    ledger::{PostError, chart},
    money::{Amount, Currency, Money},
    store::{ATTEMPTS, AsContention, Store, StoreError, UnitOfWork, retrying},
    tasks::{NewTask, TaskKind},
    time::{Clock, IdGen, Timestamp},
};

/// Takes the money from the customer and leaves it to a durable task to tell the gateway.
///
/// Money first: a customer who has spent it gets no refund, whatever happens afterwards.
#[derive(Clone)]
pub struct OrderRefund {
    store: Arc<dyn Store>,
    gateways: Arc<dyn GatewayDirectory>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
}

/// What to refund, and on whose word.
#[derive(Debug, Clone)]
pub struct RefundCommand {
    /// Which top-up.
    pub topup: TopupId,
    /// How much to take from the customer, in whole rupiah; all that is left when absent.
    pub amount: Option<Amount>,
    /// Who orders it.
    pub operator: String,
    /// Who agrees; somebody else.
    pub approver: String,
    /// Why.
    pub reason: String,
}

impl OrderRefund {
    const MAX_LEN: usize = 500;

    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        gateways: Arc<dyn GatewayDirectory>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
    ) -> Self {
        Self { store, gateways, clock, ids }
    }

    /// Takes the money; the answer tells what the gateway will be asked for.
    pub async fn execute(&self, command: &RefundCommand) -> Result<Refund, RefundError> {
        for (field, text) in [
            ("operator", &command.operator),
            ("approver", &command.approver),
            ("reason", &command.reason),
        ] {
            if !(1..=Self::MAX_LEN).contains(&text.trim().chars().count()) {
                return Err(RefundError::Text { field });
            }
        }
        if command.operator.trim().eq_ignore_ascii_case(command.approver.trim()) {
            return Err(RefundError::SamePerson);
        }
        let id = RefundId::new(self.ids.uuid());
        retrying(ATTEMPTS, || self.take(id, command)).await
    }

    async fn take(&self, id: RefundId, command: &RefundCommand) -> Result<Refund, RefundError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let topup = uow.topups().lock_topup(command.topup).await?;
        let mut topup = topup.ok_or(RefundError::Unknown)?;
        let gateway = self.gateways.get(topup.gateway).ok_or(RefundError::NotSetUp)?;
        if gateway.terms().refunds == RefundWay::Manual {
            return Err(RefundError::NotOffered);
        }
        let mut payments = uow.topups().payments_of(topup.id).await?.into_iter();
        let mut payment = payments
            .find(|payment| payment.unreversed().is_some())
            .ok_or(RefundError::NothingLeft)?;
        let (amount, value) = split(&topup, &payment, command.amount)?;
        let refund = Refund {
            id,
            topup: topup.id,
            payment_id: payment.payment_id.clone(),
            amount,
            given: 0,
            value,
            operator: command.operator.trim().to_owned(),
            approver: command.approver.trim().to_owned(),
            reason: command.reason.trim().to_owned(),
            state: RefundProgress::Requested,
            gateway_refund_id: None,
            claim_url: None,
            created_at: now,
        };
        let (gateway, reference, dollars) = (topup.gateway, id.to_string(), value.dollars());
        let journal = chart::topup_refund(gateway, &reference, topup.user, amount, dollars);
        uow.ledger().post(&journal).await?;
        payment.shift(value.amount.get(), amount.get());
        uow.topups().put_payment(&payment).await?;
        uow.topups().insert_refund(&refund).await?;
        settle_state(&mut *uow, &mut topup, now).await?;
        uow.tasks().enqueue(&NewTask::new(TaskKind::SendRefund, id)).await?;
        uow.commit().await?;
        Ok(refund)
    }
}

/// Follows what a refund did to the money of a top-up.
async fn settle_state(
    uow: &mut dyn UnitOfWork,
    topup: &mut Topup,
    now: Timestamp,
) -> Result<(), StoreError> {
    topup.state = state::by_money(uow, topup).await?.unwrap_or(topup.state);
    topup.poll_at = Some(schedule::after_change(topup.state, now));
    uow.topups().update_topup(topup, now).await
}

/// What is taken from the customer, and what of the charge that is.
fn split(
    topup: &Topup,
    payment: &PaymentRecord,
    wanted: Option<Amount>,
) -> Result<(Amount, Money), RefundError> {
    let left = payment.unreversed().ok_or(RefundError::NothingLeft)?;
    let amount = wanted.unwrap_or(left);
    if amount > left {
        return Err(RefundError::TooMuch { left });
    }
    let unreturned = payment.unreturned().ok_or(RefundError::NothingLeft)?;
    // All of it to the last unit; a part rounded down to what gateways can send, so that parts
    // never exceed the whole.
    let value = if amount == left {
        unreturned
    } else {
        share(unreturned, amount, left)
            .and_then(|units| sendable(units, topup.charge.currency))
            .ok_or(RefundError::TooLittle)?
    };
    Ok((amount, Money { currency: topup.charge.currency, amount: value }))
}

/// Whole rupiah or whole cents.
const fn sendable(units: Amount, currency: Currency) -> Option<Amount> {
    const MICROS_PER_CENT: i64 = 10_000;
    match currency {
        Currency::Idr | Currency::Xts => Some(units),
        Currency::Usd => Amount::new(units.get() - units.get() % MICROS_PER_CENT),
    }
}

/// Tells the gateway of a refund; runs as a durable task.
#[derive(Clone)]
pub struct SendRefund {
    store: Arc<dyn Store>,
    gateways: Arc<dyn GatewayDirectory>,
    clock: Arc<dyn Clock>,
}

impl SendRefund {
    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        gateways: Arc<dyn GatewayDirectory>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, gateways, clock }
    }

    /// Asks the gateway and stores its answer. Safe to repeat: the gateway knows our reference.
    ///
    /// # Errors
    /// [`RefundError::Gateway`] with [`GatewayError::Unavailable`] means: ask again later.
    pub async fn execute(&self, id: RefundId) -> Result<Refund, RefundError> {
        let (refund, topup) = self.load(id).await?;
        if refund.state != RefundProgress::Requested {
            return Ok(refund);
        }
        let gateway = self.gateways.get(topup.gateway).ok_or(RefundError::NotSetUp)?;
        let request = RefundRequest {
            refund: id,
            topup: topup.id,
            payment_id: refund.payment_id.clone(),
            amount: refund.value,
        };
        let answer = gateway.refund(&request).await;
        if let Err(error @ GatewayError::Unavailable(_)) = answer {
            return Err(error.into());
        }
        retrying(ATTEMPTS, || self.store_answer(id, topup.id, &answer)).await
    }

    async fn load(&self, id: RefundId) -> Result<(Refund, Topup), RefundError> {
        let mut uow = self.store.begin().await?;
        let refund = uow.topups().refund(id).await?.ok_or(RefundError::Unknown)?;
        let topup = uow.topups().lock_topup(refund.topup).await?.ok_or(RefundError::Unknown)?;
        Ok((refund, topup))
    }

    async fn store_answer(
        &self,
        id: RefundId,
        topup: TopupId,
        answer: &Result<Refunded, GatewayError>,
    ) -> Result<Refund, RefundError> {
        let now = self.clock.now();
        let mut uow = self.store.begin().await?;
        let topup = uow.topups().lock_topup(topup).await?;
        let mut topup = topup.ok_or(RefundError::Unknown)?;
        let mut refund = uow.topups().refund(id).await?.ok_or(RefundError::Unknown)?;
        // A report of the gateway can have come first.
        if refund.state != RefundProgress::Requested {
            return Ok(refund);
        }
        note(&mut refund, answer);
        uow.topups().update_refund(&refund, now).await?;
        if refund.state == RefundProgress::Failed {
            let payment = uow.topups().payment(topup.gateway, &refund.payment_id).await?;
            let mut payment = payment.ok_or(RefundError::Unknown)?;
            payment.shift(-refund.value.amount.get(), 0);
            give_back(&mut *uow, (&topup, &mut payment), &id.to_string(), now).await?;
            uow.topups().put_payment(&payment).await?;
            refund = uow.topups().refund(id).await?.ok_or(RefundError::Unknown)?;
            let given = refund.given;
            tracing::error!(topup.id = %topup.id, refund.id = %id, "refund {id} failed; the customer has {given} IDR back");
        }
        settle_state(&mut *uow, &mut topup, now).await?;
        uow.commit().await?;
        Ok(refund)
    }
}

/// Notes what the gateway answered.
fn note(refund: &mut Refund, answer: &Result<Refunded, GatewayError>) {
    let Ok(done) = answer else {
        refund.state = RefundProgress::Failed;
        return;
    };
    refund.gateway_refund_id = Some(done.report.id.clone());
    refund.claim_url.clone_from(&done.claim_url);
    refund.state = match done.report.state {
        RefundState::Pending => RefundProgress::Sent,
        RefundState::Done => RefundProgress::Done,
        RefundState::Failed => RefundProgress::Failed,
    };
}

/// Why nothing is refunded.
#[derive(Debug, thiserror::Error)]
pub enum RefundError {
    /// An explanation is missing or too long.
    #[error("{field} must have 1 to {max} characters", max = OrderRefund::MAX_LEN)]
    Text {
        /// Which one.
        field: &'static str,
    },
    /// One person cannot do both.
    #[error("the approver must be somebody else than the operator")]
    SamePerson,
    /// No such top-up or refund.
    #[error("there is no such top-up or refund")]
    Unknown,
    /// Its gateway is not set up here.
    #[error("the gateway of this top-up is not set up")]
    NotSetUp,
    /// Its gateway cannot send money back.
    #[error("the gateway of this top-up gives nothing back; use a correction")]
    NotOffered,
    /// Everything went back already, or nothing ever came.
    #[error("nothing of this top-up is left to refund")]
    NothingLeft,
    /// A part that is worth less than the gateway can send.
    #[error("the gateway cannot send so little")]
    TooLittle,
    /// More than what is left.
    #[error("only {left} IDR of this top-up are left to refund")]
    TooMuch {
        /// What is left, in whole rupiah.
        left: Amount,
    },
    /// The gateway gave no usable answer.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The ledger refused: most likely the customer has spent it.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for RefundError {
    fn code(&self) -> Code {
        match self {
            Self::Text { .. } | Self::SamePerson | Self::TooMuch { .. } | Self::TooLittle => {
                Code::ValidationError
            }
            Self::Unknown => Code::NotFound,
            Self::NotSetUp | Self::NotOffered | Self::NothingLeft => Code::Conflict,
            Self::Gateway(_) => Code::ServiceUnavailable,
            Self::Post(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Text { field } => vec![FieldFault::new(*field, self.to_string())],
            Self::SamePerson => vec![FieldFault::new("approver", self.to_string())],
            Self::TooMuch { .. } | Self::TooLittle => {
                vec![FieldFault::new("amount", self.to_string())]
            }
            _ => Vec::new(),
        }
    }
}

impl AsContention for RefundError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            _ => false,
        }
    }
}
