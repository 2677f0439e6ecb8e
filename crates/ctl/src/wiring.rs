//! What is behind the ports.

use std::{sync::Arc, time::Duration};

use domain::{catalog::Pricing, gateways::PaymentGateway};
use infra::{
    crypto::{Argon2Hasher, Sealer, Tokens},
    pay::stripe::{Stripe, StripeSettings},
    postgres::Postgres,
    resilience::BreakerSettings,
    sms::{ProviderSettings, Registry},
    system::{SystemClock, SystemIds},
};
use runtime::config;

use crate::{Config, Desk, Failure};

/// One password is hashed at a time.
const HASHERS: usize = 1;
/// A person waits for the page to pay on.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(20);

/// Everything a command can reach.
pub(crate) struct Backends {
    pub(crate) config: Config,
    pub(crate) postgres: Postgres,
    pub(crate) desk: Desk,
}

impl Backends {
    /// Prepares everything without connecting anywhere.
    pub(crate) fn connect(config: Config) -> Result<Self, Failure> {
        let sealer = Sealer::from_hex(&config.secrets.seal_key).map_err(Failure::usage)?;
        let config::Database { url, max_connections } = &config.database;
        let postgres = Postgres::connect_lazy(url, *max_connections, sealer)?;
        let storage = Arc::new(postgres.clone());
        let registry = Registry::new(storage.clone(), provider_settings(&config.providers));
        let desk = Desk {
            store: storage.clone(),
            identity: storage.clone(),
            ledger: storage.clone(),
            upkeep: storage.clone(),
            orders: storage.clone(),
            topups: storage.clone(),
            directory: storage.clone(),
            catalog: storage.clone(),
            queue: storage.clone(),
            letters: storage,
            registry: Arc::new(registry.map_err(Failure::failed)?),
            hasher: Arc::new(Argon2Hasher::new(HASHERS)),
            mint: Arc::new(Tokens),
            gateway: config.stripe.as_ref().map(gateway).transpose()?,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            pricing: Pricing {
                idr_per_usd: config.pricing.idr_per_usd,
                markup_basis_points: config.pricing.markup_basis_points,
            },
            public_url: config.ingest.as_ref().map(|ingest| ingest.public_url.to_string()),
        };
        Ok(Self { config, postgres, desk })
    }
}

fn provider_settings(providers: &config::Providers) -> ProviderSettings {
    ProviderSettings {
        timeout: providers.timeout,
        connect_timeout: providers.connect_timeout,
        max_in_flight: providers.max_in_flight,
        breaker: BreakerSettings {
            consecutive_failures: providers.breaker_failures,
            cool_down: providers.breaker_open,
            ..BreakerSettings::default()
        },
    }
}

fn gateway(stripe: &config::Stripe) -> Result<Arc<dyn PaymentGateway>, Failure> {
    let settings = StripeSettings {
        api_base: stripe.api_base.as_str().to_owned(),
        secret_key: stripe.secret_key.clone(),
        webhook_secrets: stripe.webhook_secrets.clone(),
        livemode: stripe.livemode,
        success_url: stripe.success_url.as_str().to_owned(),
        cancel_url: stripe.cancel_url.as_str().to_owned(),
        timeout: GATEWAY_TIMEOUT,
    };
    Ok(Arc::new(Stripe::new(settings).map_err(Failure::usage)?))
}
