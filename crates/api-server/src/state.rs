use std::sync::Arc;

use axum::extract::FromRef;
use domain::{
    catalog::CatalogQueries,
    hooks::{HookQueries, configure::ConfigureEndpoint, replay::ReplayMessage, trial::TryEndpoint},
    ledger::LedgerQueries,
    orders::{
        OrderQueries, cancel::CancelOrder, finish::FinishOrder, place::PlaceOrders,
        reactivate::ReactivateOrder, resend::ResendOrder,
    },
    rates::ExchangeRate,
    time::Clock,
};
use runtime::{Stop, Supervisor};

use crate::{auth::Callers, limits::Meter, live::Live};

/// What handlers may use: use cases and query ports, never a pool or a connection.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of an [`AppState`].
pub struct Parts {
    /// Recognises callers.
    pub callers: Callers,
    /// Counts what they ask for.
    pub meter: Meter,
    /// Buys.
    pub place_orders: PlaceOrders,
    /// Gives back.
    pub cancel_order: CancelOrder,
    /// Completes.
    pub finish_order: FinishOrder,
    /// Buys a number again.
    pub reactivate_order: ReactivateOrder,
    /// Asks for a further SMS.
    pub resend_order: ResendOrder,
    /// Reads orders.
    pub orders: Arc<dyn OrderQueries>,
    /// Reads the catalog.
    pub catalog: Arc<dyn CatalogQueries>,
    /// Reads wallets.
    pub ledger: Arc<dyn LedgerQueries>,
    /// Sets up customers' endpoints.
    pub configure_endpoint: ConfigureEndpoint,
    /// Tries them.
    pub try_endpoint: TryEndpoint,
    /// Has messages sent to them again.
    pub replay_message: ReplayMessage,
    /// Reads what they were sent.
    pub hooks: Arc<dyn HookQueries>,
    /// Tells customers what happens.
    pub live: Live,
    /// Knows what a dollar costs.
    pub rate: Arc<dyn ExchangeRate>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Runs what must not end with its request.
    pub supervisor: Supervisor,
}

impl AppState {
    /// Shares `parts` among all requests.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

/// Lets a handler ask for one part by its type.
macro_rules! offered {
    ($($field:ident: $part:ty,)+) => {$(
        impl FromRef<AppState> for $part {
            fn from_ref(state: &AppState) -> Self {
                state.0.$field.clone()
            }
        }
    )+};
}

offered! {
    callers: Callers,
    meter: Meter,
    place_orders: PlaceOrders,
    reactivate_order: ReactivateOrder,
    cancel_order: CancelOrder,
    finish_order: FinishOrder,
    resend_order: ResendOrder,
    orders: Arc<dyn OrderQueries>,
    catalog: Arc<dyn CatalogQueries>,
    ledger: Arc<dyn LedgerQueries>,
    configure_endpoint: ConfigureEndpoint,
    try_endpoint: TryEndpoint,
    replay_message: ReplayMessage,
    hooks: Arc<dyn HookQueries>,
    live: Live,
    rate: Arc<dyn ExchangeRate>,
    clock: Arc<dyn Clock>,
    supervisor: Supervisor,
}

impl FromRef<AppState> for Stop {
    fn from_ref(state: &AppState) -> Self {
        state.0.supervisor.stop()
    }
}
