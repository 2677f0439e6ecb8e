//! What is behind the ports; nothing else here knows.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    catalog::sync::SyncCatalog,
    inbox::{
        confirm::ConfirmSms,
        receive::{PullSms, ReceiveSms},
    },
    ledger::{audit::AuditBooks, debts::CollectDebts},
    orders::{
        close::CloseUpstream,
        expire::ExpireOrders,
        poll::PollActive,
        settle::{Patience, SettlePorts, SettleReserving},
    },
    outbox::{Queue, StampedEvent, Wake},
    privacy::forget::ForgetSms,
    rates::{CurrentRate, RefreshRate},
    tasks::TaskHandler,
    topups::{
        confirm::ConfirmPayment,
        poll::{CatchUp, PollTopups},
        refund::SendRefund,
    },
};
use http_kit::Health;
use infra::{
    crypto::Sealer,
    hooks::HookClient,
    pay::Gateways,
    postgres::Postgres,
    rates::HttpRates,
    redis::{self, OrderFeed, Redis, WakeListener, Waker},
    sms::Registry,
    system::SystemClock,
};
use runtime::{App, Supervisor};
use wiring::{
    current_rate, deliver_messages, fixed_rate, gateways, guard_terms, hook_client, order_terms,
    pricing, provider_settings,
};

use crate::{
    config::Config,
    handlers::{Canary, Lanes},
    lead::{Leader, LeaderError, Leadership},
    periodic::{Periodic, Schedule},
    pokes::{Everywhere, Pokes},
    queue::{Executor, QueueSettings},
    serve::{instance, serve},
    task::{Task, TaskError},
    tasks::{
        Adopt, Audit, Backlog, Collect, Expire, Forget, Hooks, Missed, Monitor, Poll, Publisher,
        Pulse, Purge, Rate, Relay, RollUp, Scope, Settle, Sync, Watch,
    },
};

/// Reading all books takes longer than any other run.
const AUDIT_TIMEOUT: Duration = Duration::from_mins(15);
/// How long customers wait for events after the instance that relays them died.
const RELAY_STANDBY: Duration = Duration::from_secs(1);
/// The same for their messages, payments and refunds.
const STANDBY: Duration = Duration::from_secs(5);
/// One try of a call to a gateway. Nobody waits for it.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for the source of exchange rates.
const RATES_TIMEOUT: Duration = Duration::from_secs(10);
/// How often what waits is counted.
const BACKLOG_EVERY: Duration = Duration::from_secs(10);

/// Connects, spawns every task, and serves health and metrics.
pub async fn start(config: Config, app: App) -> anyhow::Result<()> {
    let supervisor = &app.supervisor;
    let sealer = Sealer::from_hex(&config.secrets.seal_key)?;
    let postgres = Arc::new(wiring::postgres(&config.database, sealer)?);
    let cache = Redis::connect(&config.redis.cache_url)?;
    let pokes = Pokes::default();
    let parts = Parts {
        registry: Arc::new(Registry::new(postgres.clone(), provider_settings(&config.providers))?),
        gateways: Arc::new(gateways(&config.gateways, GATEWAY_TIMEOUT)?),
        hooks: Arc::new(hook_client(&config.webhooks)?),
        feed: Arc::new(Feed(OrderFeed::new(cache.clone().named("order_feed")))),
        leader: Arc::new(Locks(redis::Leader::new(
            Redis::connect(&config.redis.session_url)?.named("leader"),
            &instance(),
        ))),
        wake: Arc::new(Everywhere { here: pokes.clone(), others: waker(&cache, supervisor) }),
        rate: Arc::new(current_rate(&config.pricing, &config.rates, postgres.clone())?),
        clock: Arc::new(SystemClock),
        postgres,
        config,
        pokes,
    };
    listen(&cache, &parts.pokes, supervisor);
    for task in parts.tasks() {
        task.spawn(supervisor);
    }
    if let Some(rate) = parts.rate(&parts.config)? {
        parts.led(parts.every("rate", parts.config.rates.refresh), rate).spawn(supervisor);
    }
    parts.queue().spawn(supervisor);
    let database = Arc::clone(&parts.postgres);
    let health = Health::new(app.supervisor.stop().soft).check("database", move || {
        let database = Arc::clone(&database);
        async move { database.ping().await }
    });
    serve(health, parts.config.http.listen, app)
}

/// What the tasks are made of.
struct Parts {
    config: Config,
    postgres: Arc<Postgres>,
    registry: Arc<Registry>,
    gateways: Arc<Gateways>,
    hooks: Arc<HookClient>,
    feed: Arc<Feed>,
    leader: Arc<Locks>,
    pokes: Pokes,
    wake: Arc<dyn Wake>,
    rate: Arc<CurrentRate>,
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
            self.led(self.every("watch", every.watch), self.watch()),
            self.led(self.every("missed", every.missed), self.missed()),
            self.led(self.urgent("poll", every.poll), self.poll()),
            self.led(self.urgent("expire", every.expire), self.expire()),
            self.led(self.urgent("settle", every.settle), self.settle()),
            self.slotted(self.every("catalog", every.catalog), self.sync()),
            self.slotted(audit, Audit::new(self.books(), Scope::Recent)),
            self.slotted(full_audit, Audit::new(self.books(), Scope::Full)),
            self.led(self.every("roll_up", every.roll_up), RollUp(self.postgres.clone())),
            self.led(self.every("collect", every.collect), self.collect()),
            self.led(self.every("monitor", every.monitor), self.monitor()),
            self.led(self.every("webhooks", BACKLOG_EVERY), Hooks(self.postgres.clone())),
            self.slotted(self.every("adopt", every.adopt), self.adopt()),
            self.slotted(self.every("canary", every.canary), self.pulse()),
            self.slotted(self.every("purge", every.purge), self.purge()),
            self.slotted(self.every("sms_forget", every.sms_forget), self.forget()),
            Periodic::new(backlog, Arc::new(backlog_task), self.clock.clone()),
        ]
    }

    /// Who does the durable tasks. A kind that is stored and not listed here keeps the process from
    /// starting.
    fn handlers(&self) -> Vec<Arc<dyn TaskHandler>> {
        vec![
            Arc::new(CloseUpstream::new(self.postgres.clone(), self.registry.clone())),
            Arc::new(self.confirm_sms()),
            Arc::new(ConfirmPayment::new(
                self.postgres.clone(),
                self.gateways.clone(),
                self.clock.clone(),
            )),
            Arc::new(SendRefund::new(
                self.postgres.clone(),
                self.gateways.clone(),
                self.clock.clone(),
            )),
            Arc::new(self.deliver_hooks()),
            Arc::new(Canary::new(self.postgres.clone())),
        ]
    }

    /// Sends messages to customers' servers, of which a slow one must not hold up the others.
    fn deliver_hooks(&self) -> Lanes {
        let (postgres, webhooks) = (self.postgres.clone(), &self.config.webhooks);
        let deliver = deliver_messages(postgres, self.hooks.clone(), webhooks);
        let width = usize::try_from(webhooks.per_endpoint).unwrap_or(1);
        Lanes::new(Arc::new(deliver), width)
    }

    fn queue(&self) -> Executor {
        let tasks = &self.config.tasks;
        let foreign = tasks.foreign_kinds.clone();
        let settings = QueueSettings { worker: instance(), lease: tasks.lease, foreign };
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

    /// For what is to happen once in so long, rather than as soon as there is something to do.
    fn slotted(&self, schedule: Schedule, task: impl Task + 'static) -> Periodic {
        self.led(schedule, task).slotted_by(self.postgres.clone(), &instance())
    }

    fn pulse(&self) -> Pulse {
        Pulse::new(self.postgres.clone(), self.postgres.clone())
    }

    fn relay(&self) -> Relay {
        Relay::new(
            self.postgres.clone(),
            self.feed.clone(),
            (self.wake.clone(), self.clock.clone()),
        )
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
        let work = self.postgres.clone();
        Monitor::new(ledger, work, registry, self.clock.clone(), patience)
    }

    fn watch(&self) -> Watch {
        let (wake, clock) = (self.wake.clone(), self.clock.clone());
        Watch(PollTopups::new(self.postgres.clone(), wake, clock))
    }

    fn missed(&self) -> Missed {
        let (wake, clock) = (self.wake.clone(), self.clock.clone());
        Missed(CatchUp::new(self.postgres.clone(), self.gateways.clone(), wake, clock))
    }

    /// Nothing without a source: the rate is the operator's then.
    fn rate(&self, config: &Config) -> anyhow::Result<Option<Rate>> {
        let Some(url) = &config.rates.source_url else { return Ok(None) };
        let source = Arc::new(HttpRates::new(url.as_str(), RATES_TIMEOUT)?);
        let fixed = fixed_rate(&config.pricing)?;
        let refresh = RefreshRate::new(source, self.postgres.clone(), self.clock.clone(), fixed);
        Ok(Some(Rate(refresh)))
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
            guard_terms(&self.config.abuse),
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
        let terms = order_terms(&self.config.orders, &self.config.providers);
        let patience = Patience {
            settle_after: self.config.settle_patience(),
            orphan_after: self.config.tasks.orphan_after,
        };
        Settle(SettleReserving::new(ports, terms, patience))
    }

    fn sync(&self) -> Sync {
        Sync(SyncCatalog::new(
            (self.postgres.clone(), self.registry.clone()),
            self.postgres.clone(),
            self.rate.clone(),
            self.clock.clone(),
            pricing(&self.config.pricing),
        ))
    }

    fn forget(&self) -> Forget {
        let days = self.config.privacy.sms_days;
        Forget(ForgetSms::new(self.postgres.clone(), self.clock.clone(), days))
    }

    fn purge(&self) -> Purge {
        Purge::new(self.postgres.clone(), self.postgres.clone(), self.config.keep())
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
