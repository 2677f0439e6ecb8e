//! Canceling, by the customer or upstream.

use std::{sync::Arc, time::Duration};

use super::{IllegalTransition, Order, OrderQueries, OrderState, Status, close::tell_provider};
use crate::{
    abuse::{CancelRequests, GuardTerms, judge},
    fault::{Code, Fault},
    ids::{OrderId, UserId},
    inbox::receive::{PullError, PullSms},
    ledger::{PostError, Wallet},
    money::Amount,
    outbox::{Event, EventKind, Queue, Wake},
    providers::{CancelOutcome, ProviderError, ProviderRegistry},
    store::{ATTEMPTS, AsContention, Store, StoreError, retrying},
    time::Clock,
};

/// Gives a number back before an SMS arrived, and the money with it.
///
/// The provider is asked first: what it still charges for is not refunded. A crash after its yes
/// is healed by [`super::poll::PollActive`], which finds the activation ended.
///
/// A customer may do so only so many times a day. Beyond that nobody is asked anything: the order
/// runs on, and is refunded at its end if nothing arrives.
#[derive(Clone)]
pub struct CancelOrder {
    ports: CancelPorts,
    pull: PullSms,
    guard: GuardTerms,
}

/// What [`CancelOrder`] needs.
#[derive(Clone)]
pub struct CancelPorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// Orders, to be looked up.
    pub orders: Arc<dyn OrderQueries>,
    /// Counts who cancels.
    pub requests: Arc<dyn CancelRequests>,
    /// Who is asked.
    pub registry: Arc<dyn ProviderRegistry>,
    /// Tells the relay.
    pub wake: Arc<dyn Wake>,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

/// A canceled order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canceled {
    /// The order.
    pub order: Order,
    /// What was given back.
    pub refund: Amount,
    /// The wallet afterwards.
    pub wallet: Wallet,
}

impl CancelOrder {
    /// Wires the use case.
    pub fn new(ports: CancelPorts, pull: PullSms, guard: GuardTerms) -> Self {
        Self { ports, pull, guard }
    }

    /// Runs the use case.
    #[tracing::instrument(skip_all, fields(user.id = %user, order.id = %id))]
    pub async fn execute(&self, user: UserId, id: OrderId) -> Result<Canceled, CancelError> {
        let view = self.ports.orders.find(user, id).await?.ok_or(CancelError::NotFound)?;
        let order = view.order;
        self.check(&order)?;
        retrying(ATTEMPTS, || self.ask(&order)).await?;
        self.cancel_upstream(&order).await?;
        let canceled = retrying(ATTEMPTS, || self.settle(id)).await?;
        self.ports.wake.wake(Queue::Events);
        Ok(canceled)
    }

    /// Notes the wish before anybody hears of it, so that no two requests take the last one of a
    /// day.
    async fn ask(&self, order: &Order) -> Result<(), CancelError> {
        let (now, most) = (self.ports.clock.now(), self.guard.cancels_per_day);
        let since = now - GuardTerms::CANCELS_WITHIN;
        let blocked = self.ports.requests.ask(order, (now, since), most).await?;
        let Some(blocked) = blocked else { return Ok(()) };
        let until = blocked + GuardTerms::CANCELS_WITHIN;
        tracing::info!(user.id = %order.user, order.id = %order.id, most, "order {} is not canceled: customer {} canceled {most} within a day", order.id, order.user);
        let wait = until.signed_duration_since(now).to_std().unwrap_or_default();
        Err(CancelError::TooMany { most, wait })
    }

    fn check(&self, order: &Order) -> Result<(), CancelError> {
        let OrderState::Active { lease } = &order.state else {
            return Err(CancelError::Illegal(IllegalTransition {
                from: order.status(),
                step: "canceled",
            }));
        };
        let now = self.ports.clock.now();
        if now >= lease.expires_at {
            let over = IllegalTransition { from: Status::Expired, step: "canceled" };
            return Err(CancelError::Illegal(over));
        }
        let wait = lease.cancel_from.signed_duration_since(now);
        match wait.to_std() {
            Ok(wait) if !wait.is_zero() => Err(CancelError::TooEarly { wait }),
            _ => Ok(()),
        }
    }

    async fn cancel_upstream(&self, order: &Order) -> Result<(), CancelError> {
        let Some(lease) = order.lease() else { return Err(CancelError::NotFound) };
        let adapter = self.ports.registry.get(order.quote.provider).await?;
        let adapter = adapter.ok_or(CancelError::Provider(ProviderError::Refused("gone")))?;
        match adapter.cancel(&lease.external_id).await? {
            CancelOutcome::Canceled => Ok(()),
            CancelOutcome::TooEarly => Err(CancelError::TooEarly { wait: Duration::from_secs(15) }),
            CancelOutcome::Delivered => {
                self.pull.execute(order).await?;
                Err(CancelError::Illegal(IllegalTransition {
                    from: Status::OtpReceived,
                    step: "canceled",
                }))
            }
            // Whether it is still charged is not known; the end of the window decides.
            CancelOutcome::Missing => {
                Err(CancelError::Provider(ProviderError::Unavailable("activation not known")))
            }
        }
    }

    async fn settle(&self, id: OrderId) -> Result<Canceled, CancelError> {
        let now = self.ports.clock.now();
        let mut uow = self.ports.store.begin().await?;
        let order = uow.orders().lock(id).await?.ok_or(CancelError::NotFound)?;
        let canceled = if order.status() == Status::Canceled {
            // The poller found the ended activation first: the same outcome.
            order
        } else {
            let mut canceled = order.cancel(now)?;
            canceled.upstream_open = false;
            refund(&mut *uow, &canceled, EventKind::OrderCanceled).await?;
            canceled
        };
        judge(&mut *uow, &self.guard, canceled.user, now).await?;
        let wallet = uow.ledger().wallet(canceled.user).await?;
        uow.commit().await?;
        Ok(Canceled { refund: canceled.price, order: canceled, wallet })
    }
}

/// Ends an order without an SMS inside a unit: money back, row written, owner told, and the
/// provider to be told.
pub(super) async fn refund(
    uow: &mut (dyn crate::store::UnitOfWork + '_),
    ended: &Order,
    kind: EventKind,
) -> Result<(), PostError> {
    uow.ledger().post(&ended.money().release()).await?;
    uow.orders().update(ended).await?;
    let event = Event { user: ended.user, order: ended.id, kind };
    uow.outbox().publish(event, ended.changed_at).await?;
    Ok(tell_provider(uow, ended).await?)
}

/// Why an order was not canceled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// No such order of this customer.
    #[error("no such order")]
    NotFound,
    /// The minimum-cancel window is open.
    #[error("too early to cancel")]
    TooEarly {
        /// How long it is still open.
        wait: Duration,
    },
    /// The customer has canceled too many orders lately.
    #[error("{most} orders were canceled within a day")]
    TooMany {
        /// How many are allowed.
        most: u32,
        /// How long until one more is.
        wait: Duration,
    },
    /// Its state does not allow it.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// The provider refused or did not answer; the order stays as it is.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// An SMS arrived meanwhile and could not be stored.
    #[error(transparent)]
    Pull(#[from] PullError),
    /// The ledger refused.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for CancelError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::TooEarly { .. } => Code::CancelTooEarly,
            Self::TooMany { .. } => Code::RateLimitExceeded,
            Self::Illegal(_) => Code::Conflict,
            Self::Provider(_) => Code::ProviderError,
            Self::Pull(error) => error.code(),
            Self::Post(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Illegal(error) => conflict_message(error.from).to_owned(),
            Self::TooMany { most, .. } => format!(
                "At most {most} orders may be canceled in 24 hours; this one runs on and is refunded \
                 at its end if no SMS arrives"
            ),
            _ => self.code().default_message().to_owned(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooEarly { wait } | Self::TooMany { wait, .. } => Some(*wait),
            _ => None,
        }
    }
}

/// What to tell the customer about an order that stands elsewhere.
pub(super) const fn conflict_message(from: Status) -> &'static str {
    match from {
        Status::Reserving => "The number of this order is still being rented",
        Status::Active => "No SMS has arrived for this order yet",
        Status::OtpReceived => "An SMS has arrived for this order",
        Status::Completed => "This order is completed",
        Status::Canceled => "This order is canceled",
        Status::Expired => "This order has expired",
        Status::Failed => "This order has no number",
    }
}

impl AsContention for CancelError {
    fn is_contention(&self) -> bool {
        match self {
            Self::Post(error) => error.is_contention(),
            Self::Store(error) => error.is_contention(),
            _ => false,
        }
    }
}
