use std::sync::Arc;

use crate::{
    catalog::CatalogQueries,
    identity::Mode,
    ids::UserId,
    orders::{OrderQueries, OrderView, OrderWork, Purchases, RequestKey},
    outbox::Wake,
    providers::ProviderRegistry,
    rates::Rate,
    routing::{Policy, Wanted},
    store::Store,
    time::Clock,
};

/// What [`super::PlaceOrders`] needs.
#[derive(Clone)]
pub struct PlacePorts {
    /// Transactions.
    pub store: Arc<dyn Store>,
    /// The hot units.
    pub purchases: Arc<dyn Purchases>,
    /// Offers.
    pub catalog: Arc<dyn CatalogQueries>,
    /// Orders, for repeated requests.
    pub orders: Arc<dyn OrderQueries>,
    /// Which activations are ours.
    pub work: Arc<dyn OrderWork>,
    /// Who is asked.
    pub registry: Arc<dyn ProviderRegistry>,
    /// Tells the relay.
    pub wake: Arc<dyn Wake>,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

/// What to buy.
#[derive(Debug, Clone)]
pub struct PlaceCommand {
    /// Who pays.
    pub user: UserId,
    /// In which market.
    pub mode: Mode,
    /// Which tier, or what in general.
    pub wanted: Wanted,
    /// How to choose.
    pub policy: Policy,
    /// Short name of the provider to ask first.
    pub prefer: Option<String>,
    /// 1 to 100.
    pub quantity: u32,
    /// Makes a repeat harmless.
    pub key: Option<RequestKey>,
    /// At which rate the customer is to be shown dollars, if at all.
    pub shown_at: Option<Rate>,
}

/// What was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Orders with a number; each is shown as it was at its activation.
    pub orders: Vec<OrderView>,
    /// How many of the quantity have none.
    pub failed: u32,
    /// At which rate to show dollars: that of the first answer, where this is a repeat.
    pub shown_at: Option<Rate>,
}

impl Placed {
    /// The same with the name of the mobile network that all of its orders were bought for.
    pub(super) fn with_carrier(mut self, name: Option<&str>) -> Self {
        for view in &mut self.orders {
            view.carrier_name = name.map(str::to_owned);
        }
        self
    }
}
