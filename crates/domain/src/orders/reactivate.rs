//! Renting a number once more.

use std::sync::Arc;

use super::{
    Again, IllegalTransition, Lease, Order, OrderState, OrderView, Quote, RequestKey, Reservation,
    cancel::conflict_message,
    place::{PlaceError, PlaceOrders, Placed},
};
use crate::{
    abuse::Ban,
    catalog::Pricing,
    fault::{Code, Fault},
    ids::{OrderId, UserId},
    money::{Amount, Cost},
    providers::{NumberProvider, ProviderError},
    rates::{ExchangeRate, Rate},
    store::StoreError,
};

/// Buys the number of a completed order again, as an order of its own.
///
/// The money goes the way of every purchase: set aside first, then the provider is asked outside
/// any transaction, then activated or given back; what nobody heard of is settled by the same
/// reconciler, which adopts nothing but this very number.
#[derive(Clone)]
pub struct ReactivateOrder {
    place: PlaceOrders,
    rate: Arc<dyn ExchangeRate>,
    pricing: Pricing,
}

/// What to rent again.
#[derive(Debug, Clone)]
pub struct ReactivateCommand {
    /// Who pays.
    pub user: UserId,
    /// The completed order whose number is wanted.
    pub order: OrderId,
    /// The most it may cost.
    pub max_price: Option<Amount>,
    /// Makes a repeat harmless.
    pub key: Option<RequestKey>,
    /// At which rate the customer is to be shown dollars, if at all.
    pub shown_at: Option<Rate>,
}

/// A completed order with its number and who rents it out.
struct Parent {
    order: Order,
    carrier_name: Option<String>,
    lease: Lease,
    adapter: Arc<dyn NumberProvider>,
}

impl ReactivateOrder {
    /// Buys as `place` does, at the prices that `pricing` makes of costs; its rate counts while
    /// `rate` has none.
    pub fn new(place: PlaceOrders, rate: Arc<dyn ExchangeRate>, pricing: Pricing) -> Self {
        Self { place, rate, pricing }
    }

    /// What renting the number again costs now. Stores nothing.
    pub async fn cost(&self, user: UserId, order: OrderId) -> Result<Amount, ReactivateError> {
        let parent = self.parent(user, order).await?;
        Ok(self.quote(&parent).await?.1)
    }

    /// Runs the use case. As with every purchase, run it to its end.
    #[tracing::instrument(skip_all, fields(user.id = %command.user, order.id = %command.order))]
    pub async fn execute(&self, command: ReactivateCommand) -> Result<Placed, ReactivateError> {
        let ReactivateCommand { user, order, max_price, key, shown_at } = command;
        // A repeat is answered whatever the number costs by now, or whether it is to be had.
        let placed = match self.place.repeated(user, key.as_ref(), 1).await? {
            Some(placed) => placed,
            None => self.buy(&self.parent(user, order).await?, max_price, key.as_ref()).await?,
        };
        Ok(self.place.shown(placed, user, key.as_ref(), shown_at).await?)
    }

    async fn buy(
        &self,
        parent: &Parent,
        max_price: Option<Amount>,
        key: Option<&RequestKey>,
    ) -> Result<Placed, ReactivateError> {
        let (cost, price) = self.quote(parent).await?;
        if max_price.is_some_and(|most| price > most) {
            return Err(ReactivateError::TooDear);
        }
        let reservation = Reservation {
            draft: self.draft(parent, cost, price),
            quantity: 1,
            most_unfinished: self.place.most_unfinished,
            key: key.cloned(),
            carrier_name: parent.carrier_name.clone(),
        };
        Ok(self.place.buy(&reservation, &[]).await?)
    }

    async fn parent(&self, user: UserId, order: OrderId) -> Result<Parent, ReactivateError> {
        let ports = &self.place.ports;
        let view = ports.orders.find(user, order).await?.ok_or(ReactivateError::NotFound)?;
        let illegal = IllegalTransition { from: view.order.status(), step: "rented again" };
        let OrderState::Completed { lease, .. } = &view.order.state else {
            return Err(illegal.into());
        };
        let lease = lease.clone();
        if !view.reactivates {
            return Err(illegal.into());
        }
        let adapter = ports.registry.get(view.order.quote.provider).await?;
        let adapter = adapter.ok_or(ProviderError::Refused("gone"))?;
        let OrderView { order, carrier_name, .. } = view;
        Ok(Parent { order, carrier_name, lease, adapter })
    }

    /// What it costs us and the customer.
    async fn quote(&self, parent: &Parent) -> Result<(Cost, Amount), ReactivateError> {
        let cost = parent.adapter.reactivation_cost(&parent.lease.external_id).await?;
        let pricing = self.pricing.at(self.rate.current().await?);
        let price = pricing.price(cost).ok_or(ProviderError::Refused("a price beyond reason"))?;
        Ok((cost, price))
    }

    fn draft(&self, parent: &Parent, cost: Cost, price: Amount) -> Order {
        let now = self.place.ports.clock.now();
        let Parent { order, lease, .. } = parent;
        let again = Again { activation: lease.external_id.clone(), phone: lease.phone.clone() };
        Order {
            id: OrderId::new(0),
            attempt: 1,
            price,
            quote: Quote { cost, again: Some(again), ..order.quote.clone() },
            state: OrderState::Reserving { attempted_at: now },
            upstream_open: false,
            created_at: now,
            changed_at: now,
            ..order.clone()
        }
    }
}

/// Why a number was not rented again.
#[derive(Debug, thiserror::Error)]
pub enum ReactivateError {
    /// No such order of this customer.
    #[error("no such order")]
    NotFound,
    /// Not completed, or its provider rents no number out again.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
    /// It costs more than the customer wants to pay.
    #[error("it costs more than the customer wants to pay")]
    TooDear,
    /// The provider refused or did not answer.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The purchase failed.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ReactivateError {
    fn code(&self) -> Code {
        match self {
            Self::NotFound => Code::NotFound,
            Self::Illegal(_) => Code::Conflict,
            Self::TooDear => Code::NoOfferAvailable,
            Self::Provider(_) => Code::ProviderError,
            Self::Place(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Illegal(IllegalTransition { from: super::Status::Completed, .. }) => {
                "This number cannot be rented again".to_owned()
            }
            Self::Illegal(error) => conflict_message(error.from).to_owned(),
            Self::TooDear => "The number costs more than max_price now".to_owned(),
            Self::Place(error) => error.public_message(),
            _ => self.code().default_message().to_owned(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Place(error) => error.retry_after(),
            _ => None,
        }
    }

    fn ban(&self) -> Option<Ban> {
        match self {
            Self::Place(error) => error.ban(),
            _ => None,
        }
    }
}
