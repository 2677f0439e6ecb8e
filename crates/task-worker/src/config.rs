use std::time::Duration;

use domain::retention::Record;
use runtime::config::{self, Keys, Section};

/// Everything this binary can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where health and metrics are served.
    pub http: config::Http,
    /// What the tasks work on.
    pub database: config::Database,
    /// Locks, pokes and event fan-out.
    pub redis: config::Redis,
    /// Opens the providers' keys.
    pub secrets: config::Secrets,
    /// How long numbers live.
    pub orders: config::Orders,
    /// How much of it a customer may leave unused.
    pub abuse: config::Abuse,
    /// How patiently providers are called.
    pub providers: config::Providers,
    /// How costs become prices.
    pub pricing: config::Pricing,
    /// Where the exchange rate comes from.
    pub rates: config::Rates,
    /// Who takes payments.
    pub gateways: config::Gateways,
    /// How long SMS can be read.
    pub privacy: config::Privacy,
    /// How long what is over is kept.
    pub retention: config::Retention,
    /// How customers' own servers are told.
    pub webhooks: config::Webhooks,
    /// How often everything runs.
    pub tasks: Tasks,
}

impl Config {
    /// What a purchase takes besides asking its provider.
    const MARGIN: Duration = Duration::from_secs(1);

    /// How old a purchase must be before it counts as abandoned.
    pub fn settle_patience(&self) -> Duration {
        self.tasks.settle_patience.unwrap_or(self.longest_purchase() + Self::MARGIN)
    }

    /// For how long what is over is kept.
    pub fn keep(&self) -> Vec<(Record, Duration)> {
        let keep = self.retention;
        let of = |record| match record {
            Record::RequestKeys => keep.idempotency_keys,
            Record::Callbacks => keep.sms_callbacks,
            Record::Notices => keep.payment_notices,
            Record::Orphans => keep.orphan_activations,
            Record::Interventions => keep.task_interventions,
            Record::CustomerAudit => keep.customer_interventions,
            Record::HookMessages => keep.webhook_messages,
        };
        Record::ALL.into_iter().map(|record| (record, of(record))).collect()
    }

    /// Until when a provider may still answer with a number.
    fn longest_purchase(&self) -> Duration {
        self.providers.ask_within + self.providers.timeout
    }
}

impl Section for Config {
    fn read(keys: &mut Keys<'_>) -> Self {
        let config = Self {
            http: keys.section("http"),
            database: keys.section("database"),
            redis: keys.section("redis"),
            secrets: keys.section("secrets"),
            orders: keys.section("orders"),
            abuse: keys.section("abuse"),
            providers: keys.section("providers"),
            pricing: keys.section("pricing"),
            rates: keys.section("rates"),
            gateways: config::Gateways::read(keys),
            privacy: keys.section("privacy"),
            retention: keys.section("retention"),
            webhooks: keys.section("webhooks"),
            tasks: keys.section("tasks"),
        };
        let longest = config.longest_purchase();
        if config.settle_patience() <= longest {
            let message = format!(
                "must be longer than providers.ask_within_ms and providers.timeout_ms together, \
                 which are {} ms: a purchase may take that long",
                longest.as_millis(),
            );
            keys.refuse("tasks.settle_patience_seconds", message);
        }
        config
    }
}

/// `[tasks]`: how often everything runs. Most tasks are also poked when there is something to do.
#[derive(Debug, Clone)]
pub struct Tasks {
    /// Publishing events.
    pub relay: Duration,
    /// Looking for top-ups whose gateway should be asked.
    pub watch: Duration,
    /// Fetching notifications of gateways that did not arrive.
    pub missed: Duration,
    /// Looking for orders whose provider should be asked.
    pub poll: Duration,
    /// Asking about one order.
    pub poll_order: Duration,
    /// Ending orders whose window is over.
    pub expire: Duration,
    /// Finishing purchases whose outcome nobody heard.
    pub settle: Duration,
    /// Storing tasks that an earlier version did not store.
    pub adopt: Duration,
    /// Reading the providers' price lists.
    pub catalog: Duration,
    /// Proving what changed in the books.
    pub audit: Duration,
    /// Proving the books from the first movement on.
    pub full_audit: Duration,
    /// Adding up accounts.
    pub roll_up: Duration,
    /// Spending on debts what came back into wallets.
    pub collect: Duration,
    /// Measuring what should come to an end.
    pub monitor: Duration,
    /// Sending a canary through the queue.
    pub canary: Duration,
    /// Deleting what is over.
    pub purge: Duration,
    /// Forgetting SMS whose time is over.
    pub sms_forget: Duration,
    /// A run that takes longer is given up.
    pub run_timeout: Duration,
    /// How long a durable task rests after its worker died.
    pub lease: Duration,
    /// Kinds of stored tasks that another build does; any other without a handler here keeps the
    /// process from starting.
    pub foreign_kinds: Vec<String>,
    /// Least time for which a lock is taken: how long a task may rest after its instance died.
    pub lock: Duration,
    /// Overrides how old a purchase must be before it counts as abandoned.
    pub settle_patience: Option<Duration>,
    /// An activation that nobody owned for this long is given back.
    pub orphan_after: Duration,
}

impl Section for Tasks {
    fn read(keys: &mut Keys<'_>) -> Self {
        const HOUR: u64 = 3600;
        const DAY: u64 = 24 * HOUR;
        let fast = 20..=60_000;
        let slow = 1..=DAY;
        let patience: Option<u64> = keys.optional("settle_patience_seconds");
        Self {
            relay: keys.millis("relay_ms", 250, fast.clone()),
            poll: keys.millis("poll_ms", 1000, fast.clone()),
            poll_order: keys.millis("poll_order_ms", 5000, fast.clone()),
            expire: keys.millis("expire_ms", 1000, fast),
            settle: keys.seconds("settle_seconds", 5, slow.clone()),
            watch: keys.seconds("watch_topups_seconds", 15, slow.clone()),
            missed: keys.seconds("missed_notices_seconds", 300, slow.clone()),
            adopt: keys.seconds("adopt_seconds", 60, slow.clone()),
            catalog: keys.seconds("catalog_seconds", 300, slow.clone()),
            audit: keys.seconds("audit_seconds", 300, slow.clone()),
            full_audit: keys.seconds("full_audit_seconds", DAY, slow.clone()),
            roll_up: keys.seconds("roll_up_seconds", 60, slow.clone()),
            collect: keys.seconds("collect_seconds", 30, slow.clone()),
            monitor: keys.seconds("monitor_seconds", 60, slow.clone()),
            canary: keys.seconds("canary_seconds", 60, slow.clone()),
            purge: keys.seconds("purge_seconds", HOUR, slow.clone()),
            sms_forget: keys.seconds("sms_forget_seconds", 900, slow.clone()),
            run_timeout: keys.seconds("run_timeout_seconds", 120, 10..=HOUR),
            lease: keys.seconds("lease_seconds", 30, 1..=HOUR),
            foreign_kinds: keys.or("foreign_kinds", Vec::new()),
            lock: keys.seconds("lock_seconds", 30, 1..=HOUR),
            settle_patience: patience.map(Duration::from_secs),
            orphan_after: keys.seconds("orphan_after_seconds", 180, slow),
        }
    }
}
