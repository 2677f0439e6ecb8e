//! What is behind the ports; nothing else here knows.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use domain::{
    catalog::{Pricing, sync::SyncCatalog},
    inbox::{
        confirm::ConfirmSms,
        receive::{PullSms, ReceiveSms},
    },
    ledger::{audit::AuditBooks, debts::CollectDebts},
    orders::{
        OrderTerms,
        close::CloseUpstream,
        expire::ExpireOrders,
        poll::PollActive,
        settle::{Patience, SettlePorts, SettleReserving},
    },
    outbox::{Queue, StampedEvent, Wake},
    tasks::TaskHandler,
    topups::credit::CreditTopups,
};
use http_kit::{Health, Limits, Stages, health_routes, standard};
use infra::{
    crypto::Sealer,
    postgres::Postgres,
    redis::{self, OrderFeed, Redis, WakeListener, Waker},
    resilience::BreakerSettings,
    sms::{ProviderSettings, Registry},
    system::SystemClock,
};
use runtime::{App, Supervisor, config};

use crate::{
    config::Config,
    handlers::Canary,
    lead::{Leader, LeaderError, Leadership},
    periodic::{Periodic, Schedule},
    pokes::{Everywhere, Pokes},
    queue::{Executor, QueueSettings},
    task::{Task, TaskError},
    tasks::{
        Adopt, Audit, Backlog, Collect, Credit, Expire, Monitor, Poll, Publisher, Pulse, Purge,
        Relay, RollUp, Scope, Settle, Sync,
    },
};

/// Reading all books takes longer than any other run.
const AUDIT_TIMEOUT: Duration = Duration::from_mins(15);
/// How long customers wait for events after the instance that relays them died.
const RELAY_STANDBY: Duration = Duration::from_secs(1);
/// The same for their messages, payments and refunds.
const STANDBY: Duration = Duration::from_secs(5);
/// How often what waits is counted.
const BACKLOG_EVERY: Duration = Duration::from_secs(10);

/// Connects, spawns every task, and serves health and metrics.
pub async fn start(config: Config, app: App) -> anyhow::Result<()> {
    let supervisor = &app.supervisor;
    let sealer = Sealer::from_hex(&config.secrets.seal_key)?;
    let config::Database { url, max_connections } = &config.database;
    let postgres = Arc::new(Postgres::connect_lazy(url, *max_connections, sealer)?);
    let cache = Redis::connect(&config.redis.cache_url)?;
    let pokes = Pokes::default();
    let parts = Parts {
        registry: Arc::new(Registry::new(postgres.clone(), provider_settings(&config.providers))?),
        feed: Arc::new(Feed(OrderFeed::new(cache.clone().named("order_feed")))),
        leader: Arc::new(Locks(redis::Leader::new(
            Redis::connect(&config.redis.session_url)?.named("leader"),
            &instance(),
        ))),
        wake: Arc::new(Everywhere { here: pokes.clone(), others: waker(&cache, supervisor) }),
        clock: Arc::new(SystemClock),
        postgres,
        config,
        pokes,
    };
    listen(&cache, &parts.pokes, supervisor);
    for task in parts.tasks() {
        task.spawn(supervisor);
    }
    parts.queue().spawn(supervisor);
    serve(&parts, app)
}

/// What the tasks are made of.
struct Parts {
    config: Config,
    postgres: Arc<Postgres>,
    registry: Arc<Registry>,
    feed: Arc<Feed>,
    leader: Arc<Locks>,
    pokes: Pokes,
    wake: Arc<dyn Wake>,
    clock: Arc<SystemClock>,
}

impl Parts {
    fn tasks(&self) -> Vec<Periodic> {
        let every = &self.config.tasks;
        let events = self.pokes.of(Queue::Events);
        let relay = Schedule { standby: Some(RELAY_STANDBY), ..self.every("relay", every.relay) };
        let audit = Schedule { timeout: AUDIT_TIMEOUT, ..self.every("audit", every.audit) };
        let full_audit =
            Schedule { timeout: AUDIT_TIMEOUT, ..self.every("full_audit", every.full_audit) };
        let backlog = self.every("backlog", BACKLOG_EVERY);
        let backlog_task =
            Backlog::new(self.postgres.clone(), self.postgres.clone(), self.postgres.clone());
        vec![
            self.led(relay, self.relay()).poked_by(events),
            self.led(self.urgent("credit", every.credit), self.credit())
                .poked_by(self.pokes.of(Queue::Payments)),
            self.led(self.urgent("poll", every.poll), self.poll()),
            self.led(self.urgent("expire", every.expire), self.expire()),
            self.led(self.urgent("settle", every.settle), self.settle()),
            self.led(self.every("catalog", every.catalog), self.sync()),
            self.led(audit, Audit::new(self.books(), Scope::Recent)),
            self.led(full_audit, Audit::new(self.books(), Scope::Full)),
            self.led(self.every("roll_up", every.roll_up), RollUp(self.postgres.clone())),
            self.led(self.every("collect", every.collect), self.collect()),
            self.led(self.every("monitor", every.monitor), self.monitor()),
            self.led(self.every("adopt", every.adopt), self.adopt()),
            self.led(self.every("canary", every.canary), Pulse(self.postgres.clone())),
            self.led(self.every("purge", every.purge), self.purge()),
            Periodic::new(backlog, Arc::new(backlog_task), self.clock.clone()),
        ]
    }

    /// Who does the durable tasks. A kind that is stored and not listed here keeps the process from
    /// starting.
    fn handlers(&self) -> Vec<Arc<dyn TaskHandler>> {
        vec![
            Arc::new(CloseUpstream::new(self.postgres.clone(), self.registry.clone())),
            Arc::new(self.confirm_sms()),
            Arc::new(Canary::new(self.postgres.clone())),
        ]
    }

    fn queue(&self) -> Executor {
        let settings = QueueSettings { worker: instance(), lease: self.config.tasks.lease };
        Executor::new(self.postgres.clone(), self.handlers(), settings)
            .poked_by(self.pokes.of(Queue::Tasks))
    }

    /// For what customers wait for.
    fn urgent(&self, name: &'static str, interval: Duration) -> Schedule {
        Schedule { standby: Some(STANDBY.max(interval * 2)), ..self.every(name, interval) }
    }

    fn every(&self, name: &'static str, interval: Duration) -> Schedule {
        let tasks = &self.config.tasks;
        Schedule { name, interval, timeout: tasks.run_timeout, lock: tasks.lock, standby: None }
    }

    fn led(&self, schedule: Schedule, task: impl Task + 'static) -> Periodic {
        Periodic::new(schedule, Arc::new(task), self.clock.clone()).led_by(self.leader.clone())
    }

    fn relay(&self) -> Relay {
        Relay::new(self.postgres.clone(), self.feed.clone(), self.clock.clone())
    }

    fn confirm_sms(&self) -> ConfirmSms {
        let receive = ReceiveSms::new(
            self.postgres.clone(),
            self.postgres.clone(),
            self.registry.clone(),
            (self.wake.clone(), self.clock.clone()),
        );
        ConfirmSms::new(self.postgres.clone(), receive)
    }

    fn adopt(&self) -> Adopt {
        Adopt::new(self.postgres.clone(), self.clock.clone())
    }

    fn books(&self) -> AuditBooks {
        AuditBooks::new(self.postgres.clone(), self.postgres.clone(), self.postgres.clone())
    }

    fn collect(&self) -> Collect {
        Collect(CollectDebts::new(self.postgres.clone(), self.postgres.clone()))
    }

    fn monitor(&self) -> Monitor {
        let patience = self.config.settle_patience() * 2;
        let (ledger, registry) = (self.postgres.clone(), self.registry.clone());
        Monitor::new(ledger, registry, self.clock.clone(), patience)
    }

    fn credit(&self) -> Credit {
        let (store, inbox) = (self.postgres.clone(), self.postgres.clone());
        Credit(CreditTopups::new(store, inbox, self.clock.clone()))
    }

    fn pull(&self) -> PullSms {
        PullSms::new(self.postgres.clone(), self.registry.clone(), self.clock.clone())
    }

    fn poll(&self) -> Poll {
        Poll(PollActive::new(
            self.postgres.clone(),
            self.postgres.clone(),
            self.pull(),
            (self.wake.clone(), self.clock.clone()),
            self.config.tasks.poll_order,
        ))
    }

    fn expire(&self) -> Expire {
        Expire(ExpireOrders::new(
            self.postgres.clone(),
            self.postgres.clone(),
            self.pull(),
            (self.wake.clone(), self.clock.clone()),
        ))
    }

    fn settle(&self) -> Settle {
        let ports = SettlePorts {
            store: self.postgres.clone(),
            purchases: self.postgres.clone(),
            work: self.postgres.clone(),
            registry: self.registry.clone(),
            wake: self.wake.clone(),
            clock: self.clock.clone(),
        };
        let orders = &self.config.orders;
        let terms = OrderTerms {
            lifetime: orders.lifetime,
            minimum_cancel: orders.min_cancel,
            resend_cooldown: orders.resend_cooldown,
        };
        let patience = Patience {
            settle_after: self.config.settle_patience(),
            orphan_after: self.config.tasks.orphan_after,
        };
        Settle(SettleReserving::new(ports, terms, patience))
    }

    fn sync(&self) -> Sync {
        let config::Pricing { idr_per_usd, markup_basis_points } = self.config.pricing;
        Sync(SyncCatalog::new(
            self.postgres.clone(),
            self.registry.clone(),
            self.postgres.clone(),
            self.clock.clone(),
            Pricing { idr_per_usd, markup_basis_points },
        ))
    }

    fn purge(&self) -> Purge {
        let keep = self.config.tasks.keep_keys;
        Purge::new(self.postgres.clone(), self.clock.clone(), keep)
    }
}

fn waker(cache: &Redis, supervisor: &Supervisor) -> Waker {
    let (waker, publish) = Waker::new(cache.clone().named("wake"), supervisor.stop().soft);
    supervisor.spawn("waker", |_| publish);
    waker
}

/// Hands the pokes of other processes to the tasks.
fn listen(cache: &Redis, pokes: &Pokes, supervisor: &Supervisor) {
    let redis = cache.clone().named("wake_listener");
    let (listener, hear) = WakeListener::new(redis, supervisor.stop().soft);
    supervisor.spawn("wake-listener", |_| hear);
    let pokes = pokes.clone();
    supervisor.spawn("pokes", |stop| async move {
        let forward = async {
            loop {
                pokes.wake(listener.next().await);
            }
        };
        stop.soft.run_until_cancelled(forward).await;
    });
}

fn serve(parts: &Parts, app: App) -> anyhow::Result<()> {
    let database = Arc::clone(&parts.postgres);
    let health = Health::new(app.supervisor.stop().soft).check("database", move || {
        let database = Arc::clone(&database);
        async move { database.ping().await }
    });
    let routes = Router::new().merge(health_routes(health, app.metrics));
    let routes = standard(routes, Limits::default());
    let address = parts.config.http.listen;
    let listener = http_kit::bind(address).context("cannot listen for health checks")?;
    tracing::info!("listening on {}", listener.local_addr()?);
    let drain = app.shutdown.drain;
    app.supervisor.spawn("http", move |stop| {
        http_kit::serve(listener, routes, Stages { soft: stop.soft, hard: stop.hard, drain })
    });
    Ok(())
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

/// Tells whoever looks into Redis which process holds a lock.
fn instance() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}

struct Locks(redis::Leader);

#[async_trait]
impl Leader for Locks {
    async fn acquire(
        &self,
        task: &'static str,
        ttl: Duration,
    ) -> Result<Option<Box<dyn Leadership>>, LeaderError> {
        let lease = self.0.acquire(task, ttl).await?;
        Ok(lease.map(|lease| Box::new(Lock(lease)) as Box<dyn Leadership>))
    }
}

struct Lock(redis::Lease);

#[async_trait]
impl Leadership for Lock {
    fn is_lost(&self) -> bool {
        self.0.lost().is_cancelled()
    }

    async fn release(self: Box<Self>) {
        if let Err(error) = self.0.release().await {
            tracing::warn!(%error, "a lock was not released and runs out by itself");
        }
    }
}

struct Feed(OrderFeed);

#[async_trait]
impl Publisher for Feed {
    async fn publish(&self, events: &[StampedEvent]) -> Result<(), TaskError> {
        Ok(self.0.publish(events).await?)
    }
}
