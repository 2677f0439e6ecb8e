//! Buying numbers.

mod command;
mod error;

pub use self::{
    command::{PlaceCommand, PlacePorts, Placed},
    error::PlaceError,
};
use super::{
    Claim, FailReason, IllegalTransition, Lease, Order, OrderState, OrderTerms, OrderView, Quote,
    RequestKey, Reservation, Reserved,
    settle::{Settlement, fits, unowned},
};
use crate::{
    catalog::{CatalogQueries, Offer},
    identity::Mode,
    ids::{OrderId, UserId},
    join::join_all,
    ledger::PostError,
    outbox::Queue,
    providers::{AcquireError, AcquireRequest, Activation, Listing, NumberProvider, Refusal},
    rates::Rate,
    routing::rank,
    store::{ATTEMPTS, retrying},
    test_mode::TestCatalog,
    time::Timestamp,
};

/// Buys numbers: set the money aside, rent, then activate — or give the money back.
///
/// The rental happens outside any transaction. A crash between the two leaves the order reserving,
/// which [`super::settle::SettleReserving`] finishes; money is never lost, only late.
#[derive(Clone)]
pub struct PlaceOrders {
    pub(super) ports: PlacePorts,
    terms: OrderTerms,
    pub(super) most_unfinished: u32,
}

/// How one order of a purchase ended.
enum Outcome {
    Active(Box<Order>),
    Failed(FailReason),
    Unknown,
}

impl PlaceOrders {
    /// The most of one request.
    pub const MAX_QUANTITY: u32 = 100;
    /// The most providers asked for one order: each may take its whole deadline.
    pub const MAX_OFFERS: u32 = 5;

    /// Wires the use case. `most_unfinished` orders of one customer may wait at once for their
    /// first message.
    pub fn new(ports: PlacePorts, terms: OrderTerms, most_unfinished: u32) -> Self {
        Self { ports, terms, most_unfinished }
    }

    /// Runs the use case. Dropping the future in the middle loses nothing, but leaves the outcome
    /// to the reconciler: run it to its end.
    #[tracing::instrument(skip_all, fields(user.id = %command.user))]
    pub async fn execute(&self, command: PlaceCommand) -> Result<Placed, PlaceError> {
        let placed = self.place(&command).await?;
        self.shown(placed, command.user, command.key.as_ref(), command.shown_at).await
    }

    /// The same with the rate to show dollars at: where this is a repeat, that of the first answer.
    pub(super) async fn shown(
        &self,
        placed: Placed,
        user: UserId,
        key: Option<&RequestKey>,
        rate: Option<Rate>,
    ) -> Result<Placed, PlaceError> {
        let (Some(key), Some(rate)) = (key, rate) else {
            return Ok(Placed { shown_at: rate, ..placed });
        };
        let pin = || self.ports.purchases.pin_rate(user, key, rate);
        let first = retrying(ATTEMPTS, pin).await?;
        Ok(Placed { shown_at: first.or(Some(rate)), ..placed })
    }

    async fn place(&self, command: &PlaceCommand) -> Result<Placed, PlaceError> {
        let offers = match command.mode {
            Mode::Live => self.ports.catalog.offers(&command.wanted, Self::MAX_OFFERS).await?,
            Mode::Test => TestCatalog.offers(&command.wanted, Self::MAX_OFFERS).await?,
        };
        let offers = rank(offers, command.policy, command.prefer.as_deref());
        let Some((first, others)) = offers.split_first() else {
            let placed = self.repeated(command.user, command.key.as_ref(), command.quantity);
            return placed.await?.ok_or(PlaceError::Failed(FailReason::NoOffer));
        };
        let reservation = Reservation {
            draft: self.draft(command, first),
            quantity: command.quantity,
            most_unfinished: self.most_unfinished,
            key: command.key.clone(),
            carrier_name: first.carrier_name.clone(),
        };
        self.buy(&reservation, others).await
    }

    /// Reserves, then asks the provider of the draft and those of `others` in turn.
    pub(super) async fn buy(
        &self,
        reservation: &Reservation,
        others: &[Offer],
    ) -> Result<Placed, PlaceError> {
        let quantity = reservation.quantity;
        let reserve = || self.ports.purchases.reserve(reservation);
        match retrying(ATTEMPTS, reserve).await? {
            Reserved::Replay(ids) => self.replay(reservation.draft.user, &ids, quantity).await,
            Reserved::New(orders) => {
                let placed = self.obtain_all(quantity, orders, others).await?;
                Ok(placed.with_carrier(reservation.carrier_name.as_deref()))
            }
        }
    }

    fn draft(&self, command: &PlaceCommand, offer: &Offer) -> Order {
        let now = self.ports.clock.now();
        Order {
            id: OrderId::new(0),
            user: command.user,
            product: offer.product,
            catalog_product: offer.catalog_product,
            carrier: offer.carrier,
            attempt: 1,
            price: offer.price,
            quote: offer.quote.clone(),
            state: OrderState::Reserving { attempted_at: now },
            upstream_open: false,
            created_at: now,
            changed_at: now,
        }
    }

    /// What the same request bought, if it came before.
    pub(super) async fn repeated(
        &self,
        user: UserId,
        key: Option<&RequestKey>,
        quantity: u32,
    ) -> Result<Option<Placed>, PlaceError> {
        let Some(key) = key else { return Ok(None) };
        match self.ports.purchases.replay(user, key).await? {
            Some(ids) => self.replay(user, &ids, quantity).await.map(Some),
            None => Ok(None),
        }
    }

    async fn replay(
        &self,
        user: UserId,
        ids: &[OrderId],
        quantity: u32,
    ) -> Result<Placed, PlaceError> {
        let views = self.ports.orders.by_ids(user, ids).await?;
        let mut placed = Vec::new();
        let mut reason = None;
        for view in views {
            match &view.order.state {
                OrderState::Reserving { .. } => return Err(PlaceError::InProgress),
                OrderState::Failed { reason: why } => reason = reason.or(Some(*why)),
                // A number can be had again only once its order is over, which none of these was.
                _ => placed.push(OrderView { reactivates: false, ..view }),
            }
        }
        conclude(quantity, placed, reason, false)
    }

    async fn obtain_all(
        &self,
        quantity: u32,
        orders: Vec<Order>,
        others: &[Offer],
    ) -> Result<Placed, PlaceError> {
        let mut placed = Vec::new();
        let (mut reason, mut unknown) = (None, false);
        for outcome in join_all(orders.into_iter().map(|order| self.obtain(order, others))).await {
            match outcome {
                Outcome::Active(order) => {
                    let (carrier_name, reactivates) = (None, false);
                    placed.push(OrderView { order: *order, carrier_name, reactivates });
                }
                Outcome::Failed(why) => reason = reason.or(Some(why)),
                Outcome::Unknown => unknown = true,
            }
        }
        self.ports.wake.wake(Queue::Events);
        conclude(quantity, placed, reason, unknown)
    }

    /// Asks one provider after the other until one sells, all refuse, or nobody knows.
    #[tracing::instrument(skip_all, fields(order.id = %order.id))]
    async fn obtain(&self, mut order: Order, others: &[Offer]) -> Outcome {
        let mut reason = FailReason::NoOffer;
        let mut next = others.iter();
        loop {
            match self.acquire(&order).await {
                Ok(activation) => return self.activate(order, &activation).await,
                Err(AcquireError::Refused(refusal)) => {
                    tracing::info!(provider.id = %order.quote.provider, %refusal, "provider {} refused order {}", order.quote.provider, order.id);
                    if !matches!(refusal, Refusal::OutOfStock | Refusal::PriceTooLow { .. }) {
                        reason = FailReason::Provider;
                    }
                }
                Err(AcquireError::Unknown { reason, .. }) => {
                    tracing::warn!(provider.id = %order.quote.provider, reason, "outcome of order {} is unknown", order.id);
                    return Outcome::Unknown;
                }
            }
            let Some(offer) = next.next() else {
                return self.fail(&order, reason).await;
            };
            match self.reoffer(&order, offer).await {
                Ok(moved) => order = moved,
                // A frozen or indebted wallet pays for no other offer either.
                Err(PlaceError::Post(PostError::InsufficientFunds | PostError::Frozen)) => {
                    return self.fail(&order, FailReason::Balance).await;
                }
                Err(error) => {
                    tracing::error!(%error, "order {} not offered elsewhere", order.id);
                    return Outcome::Unknown;
                }
            }
        }
    }

    /// Asks the provider of the present attempt; a garbled answer is checked against its list.
    async fn acquire(&self, order: &Order) -> Result<Activation, AcquireError> {
        let quote = &order.quote;
        let adapter = match self.ports.registry.get(quote.provider).await {
            Ok(Some(adapter)) => adapter,
            Ok(None) => return Err(AcquireError::Refused(Refusal::NotAsked("provider is gone"))),
            Err(_) => return Err(AcquireError::Refused(Refusal::NotAsked("not readable"))),
        };
        // Who slept meanwhile may find the order released; a number bought now would be nobody's.
        if order.attempted_at().is_none_or(|at| at + self.terms.ask_within < self.ports.clock.now())
        {
            return Err(AcquireError::Refused(Refusal::NotAsked("too late")));
        }
        let error = match ask(&*adapter, quote).await {
            Err(error @ AcquireError::Unknown { answered: true, .. }) => error,
            outcome => return outcome,
        };
        // It answered, so it is not selling any more: a list without a match is a definite no.
        let Ok(Listing::Complete(list)) = adapter.active().await else { return Err(error) };
        match unowned(&*self.ports.work, quote.provider, list).await {
            Ok(left) if !left.iter().any(|found| fits(found, quote)) => {
                Err(AcquireError::Refused(Refusal::Transient))
            }
            _ => Err(error),
        }
    }

    async fn activate(&self, order: Order, activation: &Activation) -> Outcome {
        let id = order.id;
        let Ok(order) = lease_out(order, activation, &self.terms, self.ports.clock.now()) else {
            return Outcome::Unknown;
        };
        match retrying(ATTEMPTS, || self.ports.purchases.activate(&order)).await {
            Ok(Claim::Won) => Outcome::Active(Box::new(order)),
            Ok(claim) => {
                tracing::warn!(?claim, "order {id} was settled while its number arrived");
                Outcome::Unknown
            }
            Err(error) => {
                tracing::error!(%error, "number of order {id} not stored");
                Outcome::Unknown
            }
        }
    }

    /// Moves the money and the order to the next offer, before that provider is asked.
    async fn reoffer(&self, order: &Order, offer: &Offer) -> Result<Order, PlaceError> {
        retrying(ATTEMPTS, || async {
            let mut uow = self.ports.store.begin().await?;
            let current = uow.orders().lock(order.id).await?.filter(|o| o.attempt == order.attempt);
            let current = current.ok_or(PlaceError::Overtaken)?;
            let released = current.money().release();
            let now = self.ports.clock.now();
            let moved = current.reoffer(offer.product, offer.price, offer.quote.clone(), now)?;
            uow.ledger().post(&released).await?;
            uow.ledger().post(&moved.money().hold()).await?;
            uow.orders().update(&moved).await?;
            uow.commit().await?;
            Ok(moved)
        })
        .await
    }

    async fn fail(&self, order: &Order, reason: FailReason) -> Outcome {
        let settlement = Settlement { store: &*self.ports.store, clock: &*self.ports.clock };
        match settlement.release(order.id, order.attempt, reason).await {
            Ok(_) => Outcome::Failed(reason),
            Err(error) => {
                tracing::error!(%error, "money of order {} not yet given back", order.id);
                Outcome::Unknown
            }
        }
    }
}

/// Asks for any number that fits, or for the one that was rented before.
async fn ask(adapter: &dyn NumberProvider, quote: &Quote) -> Result<Activation, AcquireError> {
    let Some(again) = &quote.again else {
        let request = AcquireRequest {
            service: quote.service.clone(),
            country: quote.country.clone(),
            max_cost: quote.cost,
        };
        return adapter.acquire(&request).await;
    };
    let activation = adapter.reactivate(&again.activation).await?;
    if activation.phone == again.phone {
        return Ok(activation);
    }
    // Its list says that the number was not sold; what was sold instead is given back.
    Err(AcquireError::Unknown { reason: "another number than asked for", answered: true })
}

/// The order with its number.
pub(super) fn lease_out(
    mut order: Order,
    activation: &Activation,
    terms: &OrderTerms,
    at: Timestamp,
) -> Result<Order, IllegalTransition> {
    if let Some(cost) = activation.cost {
        if cost > order.quote.cost {
            tracing::warn!(provider.id = %order.quote.provider, "order {} costs more than quoted", order.id);
        }
        order.quote.cost = cost;
    }
    let lease = Lease {
        external_id: activation.external_id.clone(),
        phone: activation.phone.clone(),
        activated_at: at,
        expires_at: at + terms.lifetime,
        cancel_from: at + terms.minimum_cancel,
        resend_from: None,
    };
    order.activate(lease, at)
}

fn conclude(
    quantity: u32,
    orders: Vec<OrderView>,
    reason: Option<FailReason>,
    unknown: bool,
) -> Result<Placed, PlaceError> {
    if unknown {
        // An answer now would call an order failed that settling may still bring to life.
        return Err(PlaceError::Unknown);
    }
    if orders.is_empty() {
        return Err(reason.map_or(PlaceError::Unknown, PlaceError::Failed));
    }
    let had = u32::try_from(orders.len()).unwrap_or(quantity);
    Ok(Placed { orders, failed: quantity.saturating_sub(had), shown_at: None })
}
