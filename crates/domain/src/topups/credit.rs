//! Acting on gateways' notifications: this is where paid-in money becomes balance.

use std::{sync::Arc, time::Duration};

use super::{PaymentEventState, PaymentInbox, StoredPayment, Topup, TopupState};
use crate::{
    fault::{Code, Fault},
    gateways::{Payment, PaymentKind},
    ids::PaymentEventId,
    ledger::{PostError, chart},
    money::{Currency, Money},
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::Clock,
};

/// Credits paid top-ups, once per payment whatever and however often the gateway tells of it.
///
/// A reconciler: safe to run twice, late, or on two machines at once.
#[derive(Clone)]
pub struct CreditTopups {
    store: Arc<dyn Store>,
    inbox: Arc<dyn PaymentInbox>,
    clock: Arc<dyn Clock>,
}

impl CreditTopups {
    /// Notifications acted on in one pass.
    const BATCH: u32 = 100;
    /// How long a notification is not given out again.
    const CLAIM: Duration = Duration::from_secs(15);
    /// Wait before each further try for a top-up that is not there yet.
    const BACKOFF_SECONDS: [u64; 5] = [1, 2, 5, 30, 600];
    /// Tries until a notification is left to the operator: about a day.
    const MAX_ATTEMPTS: i32 = 150;

    /// Wires the reconciler.
    pub fn new(store: Arc<dyn Store>, inbox: Arc<dyn PaymentInbox>, clock: Arc<dyn Clock>) -> Self {
        Self { store, inbox, clock }
    }

    /// One batch; answers how many notifications were looked at.
    pub async fn run_once(&self) -> Result<usize, StoreError> {
        let due = self.inbox.due(self.clock.now(), Self::CLAIM, Self::BATCH).await?;
        for stored in &due {
            match retrying(ATTEMPTS, || self.act(stored.id)).await {
                Ok(true) => {}
                Ok(false) => self.keep(stored).await?,
                Err(error) => {
                    tracing::error!(%error, "payment notification {} not acted on", stored.id);
                    self.keep(stored).await?;
                }
            }
        }
        Ok(due.len())
    }

    /// False when its top-up is not there yet.
    async fn act(&self, id: PaymentEventId) -> Result<bool, CreditError> {
        let mut uow = self.store.begin().await?;
        let Some(stored) = uow.topups().lock_payment(id).await? else { return Ok(true) };
        let payment = stored.payment;
        let found = match payment.topup {
            Some(topup) => uow.topups().lock_topup(topup).await?,
            None => None,
        };
        let Some(mut topup) = found else { return Ok(false) };
        let verdict = judge(&topup, &payment);
        if let Verdict::Credit = verdict {
            let received = Money { currency: Currency::Idr, amount: topup.amount };
            let named = (payment.payment_id.as_str(), None);
            let journal = chart::topup(topup.gateway, named, topup.user, topup.amount, received);
            uow.ledger().post(&journal).await?;
            uow.ledger().repay_debt(topup.user).await?;
        }
        if let Some(state) = verdict.next_state() {
            topup.state = state;
            topup.payment_id.get_or_insert_with(|| payment.payment_id.clone());
            uow.topups().update_topup(&topup, self.clock.now()).await?;
        }
        let (state, note) = verdict.record();
        if state == PaymentEventState::Refused {
            tracing::error!(topup.id = %topup.id, note, "payment for top-up {} not credited", topup.id);
        }
        uow.topups().mark_payment(id, state, note).await?;
        uow.commit().await?;
        Ok(true)
    }

    async fn keep(&self, stored: &StoredPayment) -> Result<(), StoreError> {
        let attempt = usize::try_from(stored.attempts).unwrap_or(usize::MAX);
        let wait = Self::BACKOFF_SECONDS.get(attempt).copied().unwrap_or(600);
        let next = (stored.attempts < Self::MAX_ATTEMPTS)
            .then(|| self.clock.now() + Duration::from_secs(wait));
        self.inbox.postpone(stored.id, next).await
    }
}

/// What a notification means for its top-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Credit,
    Move(TopupState),
    Nothing,
    Refuse(&'static str),
    /// Refused, and the top-up stays paid.
    RefusePaid(&'static str),
}

impl Verdict {
    const fn next_state(self) -> Option<TopupState> {
        match self {
            Self::Credit => Some(TopupState::Paid),
            Self::Move(state) => Some(state),
            Self::Refuse(_) => Some(TopupState::Review),
            Self::Nothing | Self::RefusePaid(_) => None,
        }
    }

    const fn record(self) -> (PaymentEventState, &'static str) {
        match self {
            Self::Credit => (PaymentEventState::Done, "credited"),
            Self::Move(_) => (PaymentEventState::Done, "noted"),
            Self::Nothing => (PaymentEventState::Done, "nothing to do"),
            Self::Refuse(why) | Self::RefusePaid(why) => (PaymentEventState::Refused, why),
        }
    }
}

/// Decides without touching anything. Three things must fit before money moves: the payment, the
/// amount and the currency.
fn judge(topup: &Topup, payment: &Payment) -> Verdict {
    let other = topup.payment_id.as_ref().is_some_and(|known| *known != payment.payment_id);
    let paid = topup.state == TopupState::Paid;
    match payment.kind {
        PaymentKind::Paid if paid && other => {
            Verdict::RefusePaid("a second payment for a credited top-up")
        }
        PaymentKind::Paid if paid => Verdict::Nothing,
        PaymentKind::Paid if topup.gateway != payment.gateway => Verdict::Refuse("other gateway"),
        PaymentKind::Paid if other => Verdict::Refuse("another payment than the one started"),
        PaymentKind::Paid if payment.amount != Some(topup.amount) => {
            Verdict::Refuse("amount or currency differs")
        }
        PaymentKind::Paid => Verdict::Credit,
        _ if paid || other || topup.state == TopupState::Review => Verdict::Nothing,
        PaymentKind::Processing => Verdict::Move(TopupState::Processing),
        PaymentKind::Failed => Verdict::Move(TopupState::Failed),
        PaymentKind::Expired => Verdict::Move(TopupState::Expired),
    }
}

/// Why a notification was not acted on in this pass.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// The ledger refused.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for CreditError {
    fn code(&self) -> Code {
        match self {
            Self::Post(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for CreditError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
        }
    }
}
