use std::{fmt, sync::Arc};

use domain::{
    gateways::{GatewayDirectory, PaymentGateway},
    ledger::Gateway,
};

/// The gateways that are set up, in the order of [`Gateway::ALL`].
#[derive(Clone, Default)]
pub struct Gateways {
    all: Vec<Arc<dyn PaymentGateway>>,
}

impl Gateways {
    /// Exactly these; of two for the same gateway the first counts.
    pub fn new(given: &[Arc<dyn PaymentGateway>]) -> Self {
        let of = |gateway: &Gateway| {
            given.iter().find(|adapter| adapter.terms().gateway == *gateway).cloned()
        };
        Self { all: Gateway::ALL.iter().filter_map(of).collect() }
    }
}

impl GatewayDirectory for Gateways {
    fn get(&self, gateway: Gateway) -> Option<Arc<dyn PaymentGateway>> {
        self.all.iter().find(|adapter| adapter.terms().gateway == gateway).cloned()
    }

    fn all(&self) -> Vec<Arc<dyn PaymentGateway>> {
        self.all.clone()
    }
}

impl fmt::Debug for Gateways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = self.all.iter().map(|adapter| adapter.terms().gateway.code());
        f.debug_list().entries(codes).finish()
    }
}
