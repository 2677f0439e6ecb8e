use std::fmt::Display;

use super::secrets::Secrets;

/// What a test wants to be different.
pub(crate) struct Options {
    pub(crate) api_servers: usize,
    pub(crate) task_workers: usize,
    /// The window of an order, here and at the providers.
    pub(crate) lifetime_seconds: u64,
    /// No cancel before that, here and at the providers.
    pub(crate) min_cancel_seconds: u64,
    /// Whether the binaries reach Postgres through a gate that the test can close.
    pub(crate) gated: bool,
    /// Whether an SMS that comes in the moment in which a window ends may be lost at our cost: the
    /// customer has the money back, the provider charges us.
    pub(crate) loses_last_codes: bool,
    /// Whether every gateway is set up, not Stripe alone.
    pub(crate) all_gateways: bool,
    settings: Vec<(&'static str, String)>,
}

/// Everything is quick, and nothing ends by itself while a test looks at it.
impl Default for Options {
    fn default() -> Self {
        Self {
            api_servers: 1,
            task_workers: 1,
            lifetime_seconds: 300,
            min_cancel_seconds: 0,
            gated: false,
            loses_last_codes: false,
            all_gateways: false,
            settings: Vec::new(),
        }
    }
}

const QUICK: [(&str, &str); 28] = [
    ("database.max_connections", "8"),
    // A busy machine is no fault that a test is about.
    ("database.acquire_timeout_seconds", "20"),
    ("orders.resend_cooldown_seconds", "1"),
    ("providers.timeout_ms", "2000"),
    ("providers.ask_within_ms", "1500"),
    ("providers.connect_timeout_ms", "500"),
    // Faults are what most tests are about; the breaker has a test of its own.
    ("providers.breaker_failures", "1000"),
    ("tasks.relay_ms", "100"),
    ("tasks.poll_ms", "100"),
    ("tasks.poll_order_ms", "500"),
    ("tasks.expire_ms", "200"),
    ("tasks.settle_seconds", "1"),
    ("tasks.watch_topups_seconds", "1"),
    ("tasks.lock_seconds", "2"),
    ("tasks.lease_seconds", "3"),
    ("tasks.settle_patience_seconds", "4"),
    ("tasks.orphan_after_seconds", "2"),
    ("shutdown.drain_seconds", "0"),
    ("shutdown.grace_seconds", "10"),
    ("stripe.livemode", "false"),
    ("stripe.success_url", "https://shop.example/paid"),
    ("stripe.cancel_url", "https://shop.example/given-up"),
    // One address makes all the load.
    ("limits.token_per_minute", "1000000"),
    ("limits.user_per_minute", "1000000"),
    ("limits.ip_per_minute", "1000000"),
    ("log.format", "json"),
    // Our own crates tell all they can: a secret may hide in any of it.
    ("log.filter", LOUD),
    ("pricing.markup_percent", "25"),
];

const LOUD: &str = "info,rustls_platform_verifier=off,api_server=trace,webhook_ingest=trace,\
    task_worker=trace,ctl=trace,domain=trace,infra=trace,http_kit=trace,runtime=trace";

impl Options {
    /// Sets `section.key` for all binaries.
    #[must_use]
    pub(crate) fn with(mut self, path: &'static str, value: impl Display) -> Self {
        self.settings.push((path, value.to_string()));
        self
    }

    /// Puts a gate before Postgres. Nobody waits long for a connection then, because some tests
    /// wait for the refusal.
    #[must_use]
    pub(crate) fn gated(self) -> Self {
        Self { gated: true, ..self }.with("database.acquire_timeout_seconds", 3)
    }

    /// Lets windows end while codes arrive.
    #[must_use]
    pub(crate) fn losing_last_codes(self) -> Self {
        Self { loses_last_codes: true, ..self }
    }

    /// Sets up every gateway.
    #[must_use]
    pub(crate) fn all_gateways(self) -> Self {
        Self { all_gateways: true, ..self }
    }

    /// As many replicas of each.
    #[must_use]
    pub(crate) fn replicas(self, api_servers: usize, task_workers: usize) -> Self {
        Self { api_servers, task_workers, ..self }
    }

    /// Another window of orders.
    #[must_use]
    pub(crate) fn lifetime(self, lifetime_seconds: u64, min_cancel_seconds: u64) -> Self {
        Self { lifetime_seconds, min_cancel_seconds, ..self }
    }

    /// The settings as the binaries read them.
    pub(super) fn environment(&self, places: Vec<(&str, String)>) -> Vec<(String, String)> {
        let quick = QUICK.iter().map(|(path, value)| (*path, (*value).to_owned()));
        let window = [
            ("orders.lifetime_seconds", self.lifetime_seconds.to_string()),
            ("orders.min_cancel_seconds", self.min_cancel_seconds.to_string()),
        ];
        let all = quick.chain(window).chain(places).chain(self.settings.iter().cloned());
        all.map(|(path, value)| (variable_of(path), value)).collect()
    }
}

/// The environment variable of a key.
pub(crate) fn variable_of(path: &str) -> String {
    format!("SWITCHBOARD__{}", path.replace('.', "__").to_uppercase())
}

/// What the stack keeps secret.
pub(crate) struct Keys {
    pub(crate) database: String,
    pub(crate) redis: String,
    pub(crate) seal: String,
    pub(crate) stripe: String,
    pub(crate) webhook: String,
    pub(crate) heleket: String,
    pub(crate) heleket_old: String,
    pub(crate) duitku: String,
    pub(crate) duitku_old: String,
    pub(crate) btcpay_key: String,
    pub(crate) btcpay: String,
    pub(crate) btcpay_old: String,
}

impl Keys {
    pub(super) fn make(secrets: &Secrets) -> Self {
        Self {
            database: secrets.make("pg"),
            redis: secrets.make("rd"),
            seal: secrets.make(&super::secrets::random_hex(16)),
            stripe: secrets.make("sk_test_"),
            webhook: secrets.make("whsec_"),
            heleket: secrets.make("hk"),
            heleket_old: secrets.make("hk"),
            duitku: secrets.make("dk"),
            duitku_old: secrets.make("dk"),
            btcpay_key: secrets.make("bp"),
            btcpay: secrets.make("bs"),
            btcpay_old: secrets.make("bs"),
        }
    }
}
