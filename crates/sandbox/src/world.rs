use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use reqwest::Client;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    config::Config,
    courier::Courier,
    protocols::{
        btcpay::Btcpay,
        duitku::Duitku,
        heleket::Heleket,
        sms_activate::{Identity, Provider},
        stripe::Stripe,
    },
    rates::Rates,
};

/// What the handlers share: the present world, and how to make a new one.
#[derive(Clone)]
pub(crate) struct App {
    inner: Arc<AppInner>,
}

struct AppInner {
    config: Config,
    client: Client,
    stop: CancellationToken,
    world: RwLock<Arc<World>>,
}

impl App {
    pub(crate) fn new(config: Config, client: Client, stop: CancellationToken) -> Self {
        let world =
            World::new(&config, config.seed, Courier::new(client.clone(), stop.child_token()));
        let world = RwLock::new(Arc::new(world));
        Self { inner: Arc::new(AppInner { config, client, stop, world }) }
    }

    pub(crate) fn world(&self) -> Arc<World> {
        Arc::clone(&self.inner.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts over with the initial settings. Work of the old world has ended when this returns.
    pub(crate) async fn reset(&self, seed: Option<u64>) -> Arc<World> {
        let AppInner { config, client, stop, world } = &*self.inner;
        let courier = Courier::new(client.clone(), stop.child_token());
        let fresh = Arc::new(World::new(config, seed.unwrap_or(config.seed), courier));
        let old = {
            let mut place = world.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *place, Arc::clone(&fresh))
        };
        old.courier.close().await;
        fresh
    }
}

/// Everything that is true between two resets.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) clock: Arc<Clock>,
    pub(crate) courier: Courier,
    pub(crate) stripe: Arc<Stripe>,
    pub(crate) heleket: Arc<Heleket>,
    pub(crate) btcpay: Arc<Btcpay>,
    pub(crate) rates: Rates,
    pub(crate) duitku: Arc<Duitku>,
    config: Config,
    providers: RwLock<BTreeMap<String, Arc<Provider>>>,
}

impl World {
    fn new(config: &Config, seed: u64, courier: Courier) -> Self {
        let clock = Arc::new(Clock::default());
        let heleket = Heleket::new(&config.heleket, seed, Arc::clone(&clock), courier.clone());
        let btcpay = Btcpay::start(&config.btcpay, seed, Arc::clone(&clock), courier.clone());
        let duitku = Duitku::new(&config.duitku, seed, Arc::clone(&clock), courier.clone());
        let world = Self {
            seed,
            btcpay,
            rates: Rates::default(),
            heleket: Arc::new(heleket),
            duitku: Arc::new(duitku),
            stripe: Arc::new(Stripe::new(config, seed, Arc::clone(&clock), courier.clone())),
            clock,
            courier,
            config: config.clone(),
            providers: RwLock::default(),
        };
        for name in &config.providers {
            world.add_provider(name);
        }
        world
    }

    pub(crate) fn provider(&self, name: &str) -> Option<Arc<Provider>> {
        self.providers.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn providers(&self) -> Vec<Arc<Provider>> {
        let providers = self.providers.read().unwrap_or_else(PoisonError::into_inner);
        providers.values().cloned().collect()
    }

    /// Ends what has run out at the gateways and sends what there is to send.
    pub(crate) fn expire_due(&self) {
        self.stripe.expire_due();
        self.heleket.flush();
        self.btcpay.expire_due();
    }

    /// False when the name is taken.
    pub(crate) fn add_provider(&self, name: &str) -> bool {
        let mut providers = self.providers.write().unwrap_or_else(PoisonError::into_inner);
        if providers.contains_key(name) {
            return false;
        }
        let rank = u32::try_from(providers.len()).unwrap_or(u32::MAX);
        let identity = Identity { name, rank, seed: self.seed };
        let clock = Arc::clone(&self.clock);
        let provider = Provider::new(&identity, &self.config, clock, self.courier.clone());
        providers.insert(name.to_owned(), Arc::new(provider));
        true
    }
}

/// Locks even after a panic elsewhere: the books stay as consistent as the last full step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
