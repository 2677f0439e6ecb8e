//! What is behind the ports.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::identity::{TokenHash, TokenNews};
use infra::{
    crypto::{Argon2Hasher, Sealer, Tokens},
    postgres::Postgres,
    redis::{Redis, RedisTokenNews},
    sms::Registry,
    system::{SystemClock, SystemIds},
};
use wiring::{current_rate, gateways, pricing, provider_settings};

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
        let postgres = wiring::postgres(&config.database, sealer)?;
        let storage = Arc::new(postgres.clone());
        let registry = Registry::new(storage.clone(), provider_settings(&config.providers));
        let desk = Desk {
            store: storage.clone(),
            identity: storage.clone(),
            tokens: storage.clone(),
            token_news: token_news(config.redis.as_ref())?,
            conduct: storage.clone(),
            ledger: storage.clone(),
            upkeep: storage.clone(),
            orders: storage.clone(),
            vault: storage.clone(),
            topups: storage.clone(),
            directory: storage.clone(),
            catalog: storage.clone(),
            queue: storage.clone(),
            letters: storage.clone(),
            hooks: storage.clone(),
            registry: Arc::new(registry.map_err(Failure::failed)?),
            hasher: Arc::new(Argon2Hasher::new(HASHERS)),
            mint: Arc::new(Tokens),
            gateways: Arc::new(
                gateways(&config.gateways, GATEWAY_TIMEOUT).map_err(Failure::usage)?,
            ),
            rate: Arc::new(
                current_rate(&config.pricing, &config.rates, storage.clone())
                    .map_err(Failure::usage)?,
            ),
            rates: storage.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            pricing: pricing(&config.pricing),
            public_url: config.ingest.as_ref().map(|ingest| ingest.public_url.to_string()),
        };
        Ok(Self { config, postgres, desk })
    }
}

fn token_news(redis: Option<&runtime::config::Redis>) -> Result<Arc<dyn TokenNews>, Failure> {
    let Some(redis) = redis else { return Ok(Arc::new(Untold)) };
    let redis = Redis::connect(&redis.cache_url).map_err(Failure::usage)?;
    Ok(Arc::new(RedisTokenNews::new(redis.named("cache"))))
}

/// Stands where the settings name no Redis.
struct Untold;

#[async_trait]
impl TokenNews for Untold {
    async fn ended(&self, _: &[TokenHash]) -> bool {
        false
    }

    async fn changed(&self, _: &[TokenHash]) -> bool {
        false
    }
}
