//! Fills the state with real backends: the only file that knows them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    hooks::{configure::ConfigureEndpoint, replay::ReplayMessage, trial::TryEndpoint},
    inbox::receive::PullSms,
    limits::LocalLimiter,
    orders::{
        cancel::{CancelOrder, CancelPorts},
        finish::FinishOrder,
        place::{PlaceOrders, PlacePorts},
        reactivate::ReactivateOrder,
        resend::ResendOrder,
    },
    outbox::Wake,
    providers::ProviderRegistry,
    rates::ExchangeRate,
    time::Clock,
};
use http_kit::Health;
use infra::{
    crypto::{Sealer, Tokens},
    hooks::{FreshKeys, HookClient},
    postgres::Postgres,
    redis::{
        FeedItem, FeedReader, OrderFeedListener, OrderNote, Redis, RedisLimiter, TokenNewsItem,
        Waker, hear_token_news,
    },
    sms::Registry,
    system::{SystemClock, SystemIds},
};
use metrics::gauge;
use runtime::{Stop, Supervisor};
use tokio::time::sleep;
use wiring::{current_rate, guard_terms, hook_client, order_terms, pricing, provider_settings};

use crate::{
    auth::{Callers, note_used},
    config::Config,
    limits::Meter,
    live::{Feed, Hub, Live, News, listen, tail},
    state::{AppState, Parts},
};

/// How often the pool's figures are measured; about as often as they are scraped.
const MEASURE: Duration = Duration::from_secs(5);

/// What serving takes.
pub(crate) struct Wired {
    pub(crate) state: AppState,
    pub(crate) health: Health,
}

/// Builds every use case the API offers and spawns what runs beside requests. Waits for nobody:
/// what is not there yet shows in readiness and in answers.
pub(crate) fn wire(config: &Config, supervisor: &Supervisor) -> anyhow::Result<Wired> {
    let sealer = Sealer::from_hex(&config.secrets.seal_key)?;
    let postgres = wiring::postgres(&config.database, sealer)?;
    let redis = Redis::connect(&config.redis.cache_url)?.named("cache");
    let source = Arc::new(postgres.clone());
    let registry: Arc<dyn ProviderRegistry> =
        Arc::new(Registry::new(source, provider_settings(&config.providers))?);
    let (waker, poking) = Waker::new(redis.clone(), supervisor.stop().soft);
    supervisor.spawn("waker", |_| poking);
    let hub = Hub::new(config.streams);
    let callers = Callers::new(Arc::new(Tokens), Arc::new(postgres.clone()), Arc::new(SystemClock));
    spawn_tokens(&postgres, redis.clone(), &callers, supervisor);
    spawn_live(&postgres, redis, &hub, supervisor);
    spawn_measuring(&postgres, supervisor);

    let health = Health::new(supervisor.stop().soft);
    let pinged = postgres.clone();
    // Redis is not asked: without it streams are a second late, and all else goes on.
    let health = health.check("database", move || {
        let pinged = pinged.clone();
        async move { pinged.ping().await }
    });
    let rate = current_rate(&config.pricing, &config.rates, Arc::new(postgres.clone()))?;
    let meter = meter(config, supervisor)?;
    let backends = Backends {
        postgres,
        registry,
        hooks: Arc::new(hook_client(&config.webhooks)?),
        wake: Arc::new(waker),
        hub,
        rate: Arc::new(rate),
        callers,
        meter,
    };
    let state = AppState::new(backends.parts(config, supervisor.clone()));
    Ok(Wired { state, health })
}

/// The adapters behind the ports.
struct Backends {
    postgres: Postgres,
    registry: Arc<dyn ProviderRegistry>,
    hooks: Arc<HookClient>,
    wake: Arc<dyn Wake>,
    hub: Hub,
    rate: Arc<dyn ExchangeRate>,
    callers: Callers,
    meter: Meter,
}

impl Backends {
    fn parts(self, config: &Config, supervisor: Supervisor) -> Parts {
        let Self { postgres, registry, hooks, wake, hub, rate, callers, meter } = self;
        let postgres = Arc::new(postgres);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let terms = order_terms(&config.orders, &config.providers);
        let ports = PlacePorts {
            store: postgres.clone(),
            purchases: postgres.clone(),
            catalog: postgres.clone(),
            orders: postgres.clone(),
            work: postgres.clone(),
            registry: registry.clone(),
            wake: wake.clone(),
            clock: clock.clone(),
        };
        let guard = guard_terms(&config.abuse);
        let place_orders = PlaceOrders::new(ports, terms, guard.unfinished_orders);
        let cancel_ports = CancelPorts {
            store: postgres.clone(),
            orders: postgres.clone(),
            requests: postgres.clone(),
            registry: registry.clone(),
            wake: wake.clone(),
            clock: clock.clone(),
        };
        let pull = PullSms::new(postgres.clone(), registry.clone(), clock.clone());
        Parts {
            callers,
            meter,
            reactivate_order: ReactivateOrder::new(
                place_orders.clone(),
                rate.clone(),
                pricing(&config.pricing),
            ),
            place_orders,
            cancel_order: CancelOrder::new(cancel_ports, pull, guard),
            finish_order: FinishOrder::new(postgres.clone(), wake.clone(), clock.clone()),
            resend_order: ResendOrder::new(
                postgres.clone(),
                postgres.clone(),
                registry,
                clock.clone(),
                terms,
            ),
            orders: postgres.clone(),
            catalog: postgres.clone(),
            ledger: postgres.clone(),
            configure_endpoint: ConfigureEndpoint::new(
                postgres.clone(),
                postgres.clone(),
                (hooks.clone(), Arc::new(FreshKeys)),
                clock.clone(),
            ),
            try_endpoint: TryEndpoint::new(
                postgres.clone(),
                hooks,
                (clock.clone(), Arc::new(SystemIds)),
            ),
            replay_message: ReplayMessage::new(postgres.clone(), wake, clock.clone()),
            hooks: postgres.clone(),
            live: Live::new(hub, postgres.clone(), postgres),
            rate,
            clock,
            supervisor,
        }
    }
}

/// Hears which tokens end, and writes down which are used.
fn spawn_tokens(postgres: &Postgres, redis: Redis, callers: &Callers, supervisor: &Supervisor) {
    let told = callers.clone();
    let hearing = hear_token_news(redis, supervisor.stop().soft, move |item| match item {
        TokenNewsItem::Ended(token) => told.end(token),
        TokenNewsItem::Changed(token) => told.doubt(token),
        TokenNewsItem::Gap => told.forget_all(),
    });
    supervisor.spawn("token-news", |_| hearing);
    let (used, store) = (callers.used(), Arc::new(postgres.clone()));
    supervisor.spawn("token-use", |stop| note_used(used, store, Arc::new(SystemClock), stop));
}

fn meter(config: &Config, supervisor: &Supervisor) -> anyhow::Result<Meter> {
    let redis = Redis::connect(&config.redis.ratelimit_url)?.named("ratelimit");
    let local = LocalLimiter::new(Arc::new(SystemClock));
    let (limiter, probing) = RedisLimiter::new(redis, local, supervisor.stop().soft);
    supervisor.spawn("limit-probe", |_| probing);
    Ok(Meter::new(Arc::new(limiter), config.limits))
}

fn spawn_live(postgres: &Postgres, redis: Redis, hub: &Hub, supervisor: &Supervisor) {
    let (listener, listening) = OrderFeedListener::new(redis, supervisor.stop().soft);
    // Subscribed before the listener runs, so that its first gap is heard as well.
    let feed = RedisFeed(listener.subscribe());
    supervisor.spawn("order-feed", |_| listening);
    let heard = hub.clone();
    supervisor.spawn("order-news", |stop| listen(feed, heard, stop));
    let (events, hub) = (Arc::new(postgres.clone()), hub.clone());
    supervisor.spawn_loop("event-tail", move |stop| tail(events.clone(), hub.clone(), stop));
}

struct RedisFeed(FeedReader);

#[async_trait]
impl Feed for RedisFeed {
    async fn next(&mut self) -> Option<News> {
        Some(match self.0.next().await? {
            FeedItem::Note(OrderNote { seq, user, order, .. }) => {
                News::Stamped { user, order, seq }
            }
            FeedItem::Gap => News::Gap,
        })
    }
}

fn spawn_measuring(postgres: &Postgres, supervisor: &Supervisor) {
    let postgres = postgres.clone();
    supervisor.spawn_loop("pool-measure", move |stop| measure(postgres.clone(), stop));
}

async fn measure(postgres: Postgres, stop: Stop) {
    while !stop.is_stopping() {
        let (open, idle) = postgres.pool_status();
        gauge!("database_connections", "state" => "open").set(f64::from(open));
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        gauge!("database_connections", "state" => "idle").set(f64::from(idle));
        tokio::select! {
            () = sleep(MEASURE) => {}
            () = stop.stopping() => {}
        }
    }
}
