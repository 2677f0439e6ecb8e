//! Storing messages with their orders, and earning the money for them.

use std::{sync::Arc, time::Duration};

use super::{
    Callback, CallbackState, CallbackStore, IncomingSms, MessageSource, StoredCallback,
    StoredMessage, otp,
};
use crate::{
    fault::{Code, Fault},
    ids::InboxId,
    ledger::PostError,
    orders::{IllegalTransition, Order, Status, late},
    outbox::{Event, EventKind, Outbox, Queue, Wake},
    providers::{CancelOutcome, ProviderError, ProviderRegistry, SmsCode, SmsText, UpstreamStatus},
    store::{ATTEMPTS, AsContention, Store, StoreError, UnitOfWork, retrying},
    tasks::TaskKind,
    time::{Clock, Timestamp},
};

/// Takes in a provider's callback.
///
/// Stored first, so that nothing is lost; then confirmed by asking the provider, because callbacks
/// are not signed; then applied. What cannot be applied now is tried again by
/// [`super::confirm::ConfirmSms`].
#[derive(Clone)]
pub struct ReceiveSms {
    store: Arc<dyn Store>,
    callbacks: Arc<dyn CallbackStore>,
    registry: Arc<dyn ProviderRegistry>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

/// What was done with a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// Its message is stored now.
    Applied,
    /// It was known, or late: nothing to do.
    Settled,
    /// Kept for later: no order yet, or not confirmed yet.
    Kept,
}

/// What the provider says to a callback in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Believed,
    /// It cannot be asked.
    Unheard,
    Over,
    Contradicted,
}

impl ReceiveSms {
    /// For how long callbacks are kept at the least: by the end of that a repeat may no longer be
    /// told from a first one.
    const TOLD_APART: Duration = Duration::from_hours(7 * 24);

    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        callbacks: Arc<dyn CallbackStore>,
        registry: Arc<dyn ProviderRegistry>,
        (wake, clock): (Arc<dyn Wake>, Arc<dyn Clock>),
    ) -> Self {
        Self { store, callbacks, registry, wake, clock }
    }

    /// Stores and, where possible, applies. Once this answers without an error, the sender may
    /// forget the callback.
    #[tracing::instrument(skip_all, fields(provider.id = %callback.provider))]
    pub async fn execute(&self, callback: &Callback) -> Result<Receipt, StoreError> {
        let stored = self.store(callback).await?;
        Ok(self.act(&stored).await)
    }

    /// The first half: once this answers without an error, the sender may forget the callback.
    pub async fn store(&self, callback: &Callback) -> Result<StoredCallback, StoreError> {
        self.callbacks.store(callback, self.clock.now()).await
    }

    /// The second half, which may take as long as the provider's deadline: acts on what was just
    /// stored, as far as it can be acted on now.
    pub async fn act(&self, stored: &StoredCallback) -> Receipt {
        match self.apply(stored).await {
            Ok(receipt) => receipt,
            Err(error) => {
                // It is stored: its task tries again, the sender need not.
                tracing::warn!(%error, "callback {} kept for later", stored.id);
                Receipt::Kept
            }
        }
    }

    /// One try of acting on a stored callback.
    pub async fn apply(&self, stored: &StoredCallback) -> Result<Receipt, PullError> {
        if !stored.state.is_open() {
            return Ok(Receipt::Settled);
        }
        if !self.callbacks.has_order(&stored.callback).await? {
            return self.rest(stored).await;
        }
        let word = self.confirm(stored).await?;
        if word == Word::Contradicted {
            return Ok(Receipt::Kept);
        }
        let receipt = retrying(ATTEMPTS, || self.settle(stored.id, word)).await?;
        if receipt != Receipt::Kept {
            self.wake.wake(Queue::Events);
        }
        Ok(receipt)
    }

    /// Without an order a callback waits for one, unless there will be none (I-19).
    async fn rest(&self, stored: &StoredCallback) -> Result<Receipt, PullError> {
        if !self.callbacks.is_written_off(&stored.callback).await? {
            return Ok(Receipt::Kept);
        }
        retrying(ATTEMPTS, || async {
            let mut uow = self.store.begin().await?;
            let locked = uow.inbox().lock_callback(stored.id).await?;
            if locked.is_some_and(|stored| stored.state.is_open()) {
                uow.inbox().mark_callback(stored.id, CallbackState::Late).await?;
                uow.tasks().withdraw(TaskKind::ConfirmSms, &stored.id.into()).await?;
                uow.commit().await?;
            }
            Ok(Receipt::Settled)
        })
        .await
    }

    /// Asks the provider whether it has a message. A provider that cannot be asked does not keep
    /// a customer waiting: the callback's path is secret. A contradiction does.
    async fn confirm(&self, stored: &StoredCallback) -> Result<Word, PullError> {
        let provider = stored.callback.provider;
        if self.callbacks.trusts(provider).await? {
            return Ok(Word::Believed);
        }
        let adapter = self.registry.get(provider).await?;
        let Some(adapter) = adapter else { return Ok(Word::Contradicted) };
        match adapter.status(&stored.callback.external_id).await {
            Ok(UpstreamStatus::Received { .. }) => Ok(Word::Believed),
            Ok(UpstreamStatus::Ended) => Ok(Word::Over),
            Ok(UpstreamStatus::Waiting | UpstreamStatus::Missing) => {
                tracing::warn!(provider.id = %provider, "callback {} is contradicted", stored.id);
                Ok(Word::Contradicted)
            }
            Err(error) => {
                tracing::warn!(provider.id = %provider, %error, "callback {} not confirmed", stored.id);
                Ok(Word::Unheard)
            }
        }
    }

    async fn settle(&self, id: InboxId, word: Word) -> Result<Receipt, PullError> {
        let mut uow = self.store.begin().await?;
        let stored = uow.inbox().lock_callback(id).await?;
        let Some(stored) = stored.filter(|s| s.state.is_open()) else {
            return Ok(Receipt::Settled);
        };
        let Callback { provider, external_id, code, text, .. } = stored.callback;
        let Some(order) = uow.orders().lock_by_activation(provider, &external_id).await? else {
            return Ok(Receipt::Kept);
        };
        // Over upstream but not with us: the poller ends such an order, a message does not.
        if word == Word::Over && order.status() == Status::Active {
            return Ok(Receipt::Kept);
        }
        // Nobody waits for it, and a repeat of one that cost nothing must not cost something now.
        let now = self.clock.now();
        let is_old = order.changed_at + Self::TOLD_APART < now;
        if word == Word::Unheard && late::was_refunded(&order) && is_old {
            return Ok(Receipt::Kept);
        }
        // Over before its message: the provider does not charge for it.
        if word == Word::Over && late::was_refunded(&order) {
            uow.inbox().mark_callback(id, CallbackState::Late).await?;
            uow.commit().await?;
            return Ok(Receipt::Settled);
        }
        let code = code.or_else(|| otp::recognise(text.reveal()).map(SmsCode::from));
        let sms = IncomingSms { code, text, source: MessageSource::Callback };
        let state = deliver(&mut *uow, order, sms, now).await?;
        uow.inbox().mark_callback(id, state).await?;
        uow.tasks().withdraw(TaskKind::ConfirmSms, &id.into()).await?;
        uow.commit().await?;
        Ok(if state == CallbackState::Applied { Receipt::Applied } else { Receipt::Settled })
    }
}

/// Fetches the message of an order from its provider.
#[derive(Clone)]
pub struct PullSms {
    store: Arc<dyn Store>,
    registry: Arc<dyn ProviderRegistry>,
    clock: Arc<dyn Clock>,
}

/// What asking the provider brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulled {
    /// A new message is stored.
    Delivered,
    /// Nothing new.
    Nothing,
    /// The number ended upstream.
    Ended,
}

impl PullSms {
    /// Wires the use case.
    pub fn new(
        store: Arc<dyn Store>,
        registry: Arc<dyn ProviderRegistry>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, registry, clock }
    }

    /// Asks once and stores what is new.
    pub async fn execute(&self, order: &Order) -> Result<Pulled, PullError> {
        let Some(lease) = order.lease() else { return Ok(Pulled::Nothing) };
        let adapter = self.registry.get(order.quote.provider).await?;
        let adapter = adapter.ok_or(ProviderError::Refused("provider is gone"))?;
        let (code, text) = match adapter.status(&lease.external_id).await? {
            UpstreamStatus::Received { code, text } => (code, text),
            UpstreamStatus::Ended => return Ok(Pulled::Ended),
            UpstreamStatus::Waiting | UpstreamStatus::Missing => return Ok(Pulled::Nothing),
        };
        let Some(text) = text.or_else(|| code.as_ref().map(|code| SmsText::new(code.reveal())))
        else {
            return Ok(Pulled::Nothing);
        };
        let code = code.or_else(|| otp::recognise(text.reveal()).map(SmsCode::from));
        let sms = IncomingSms { code, text, source: MessageSource::Poll };
        retrying(ATTEMPTS, || self.store(order, sms.clone())).await
    }

    /// Asks a last time and gives the number back, so that no message can arrive once the money is
    /// returned. A message that slipped in between is stored instead.
    pub async fn give_back(&self, order: &Order) -> Result<Pulled, PullError> {
        let pulled = self.execute(order).await?;
        let (Pulled::Nothing, Some(lease)) = (pulled, order.lease()) else { return Ok(pulled) };
        let adapter = self.registry.get(order.quote.provider).await?;
        let adapter = adapter.ok_or(ProviderError::Refused("provider is gone"))?;
        match adapter.cancel(&lease.external_id).await? {
            CancelOutcome::Canceled => Ok(Pulled::Ended),
            CancelOutcome::Delivered => self.execute(order).await,
            CancelOutcome::TooEarly | CancelOutcome::Missing => Ok(Pulled::Nothing),
        }
    }

    async fn store(&self, order: &Order, sms: IncomingSms) -> Result<Pulled, PullError> {
        let mut uow = self.store.begin().await?;
        let Some(order) = uow.orders().lock(order.id).await? else { return Ok(Pulled::Nothing) };
        let state = deliver(&mut *uow, order, sms, self.clock.now()).await?;
        uow.commit().await?;
        Ok(if state == CallbackState::Applied { Pulled::Delivered } else { Pulled::Nothing })
    }
}

/// Stores a message with a locked order: earns the money with the first one, tells the owner. The
/// cost of one that comes after the refund is ours.
///
/// What a poll brings is known when any message has the same code or text. What a callback brings
/// is known when a poll brought it first: then only the text is completed.
async fn deliver(
    uow: &mut (dyn UnitOfWork + '_),
    order: Order,
    sms: IncomingSms,
    at: Timestamp,
) -> Result<CallbackState, PullError> {
    let messages = uow.inbox().messages(&order).await?;
    let same = |m: &&StoredMessage| {
        m.text.as_ref() == Some(&sms.text) || (m.code.is_some() && m.code == sms.code)
    };
    if sms.source == MessageSource::Poll {
        if messages.iter().any(|m| same(&m)) {
            return Ok(CallbackState::Known);
        }
    } else if let Some(polled) =
        messages.iter().filter(|m| m.source == MessageSource::Poll).find(same)
    {
        return complete_text(uow, order, polled, &sms, at).await;
    }
    if late::was_refunded(&order) {
        late::book(uow, &order).await?;
        return Ok(CallbackState::Late);
    }
    let first = order.delivery().is_none();
    let (provider, cost, money) = (order.quote.provider, order.quote.cost, order.money());
    let received = match order.receive(sms.text.clone(), sms.code.clone(), at) {
        Ok(received) => received,
        Err(IllegalTransition { from, .. }) => {
            tracing::warn!(provider.id = %provider, order.id = %money.order, "SMS for order {} came when it was {from:?}", money.order);
            return Ok(CallbackState::Late);
        }
    };
    let revision = received.delivery().map_or(1, |delivery| delivery.revision);
    let message =
        StoredMessage { revision, code: sms.code, text: Some(sms.text), source: sms.source, at };
    if first {
        uow.ledger().post(&money.capture(provider, cost)).await?;
    }
    uow.inbox().add_message(&received, &message).await?;
    uow.orders().update(&received).await?;
    let kind = EventKind::OrderOtpReceived;
    let event = Event { user: received.user, order: received.id, kind };
    Outbox::publish(uow, event, at).await?;
    Ok(CallbackState::Applied)
}

async fn complete_text(
    uow: &mut (dyn UnitOfWork + '_),
    order: Order,
    polled: &StoredMessage,
    sms: &IncomingSms,
    at: Timestamp,
) -> Result<CallbackState, PullError> {
    let message =
        StoredMessage { text: Some(sms.text.clone()), source: sms.source, ..polled.clone() };
    uow.inbox().replace_message(&order, &message).await?;
    let newest = order.delivery().is_some_and(|delivery| delivery.revision == polled.revision);
    if newest && let Ok(order) = order.retext(sms.text.clone(), at) {
        uow.orders().update(&order).await?;
    }
    Ok(CallbackState::Known)
}

/// Why a message was not stored in this pass.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The provider gave no usable answer.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The ledger refused.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for PullError {
    fn code(&self) -> Code {
        match self {
            Self::Provider(_) => Code::ProviderError,
            Self::Post(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl AsContention for PullError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            Self::Provider(_) => false,
        }
    }
}
