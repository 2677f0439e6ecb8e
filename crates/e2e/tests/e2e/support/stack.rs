//! The whole system, private to one test.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::{Client, Url};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    ctl::Ctl,
    customer::Customer,
    database::Database,
    gate::Gate,
    gateways,
    http::client,
    options::{Keys, Options},
    place::place,
    ports::free_port,
    process::Program,
    redis::Redis,
    sandbox::Sandbox,
    secrets::Secrets,
    server::Server,
};

/// Stacks at once: each has seven processes, and connections to Postgres are limited.
static SLOTS: Semaphore = Semaphore::const_new(3);

/// The providers of the sandbox, the cheapest first.
pub(crate) const PROVIDERS: [&str; 3] = ["alpha", "beta", "gamma"];

/// Every process, with a database and a Redis of its own.
pub(crate) struct Stack {
    pub(crate) sandbox: Sandbox,
    pub(crate) redis: Redis,
    pub(crate) database: Database,
    pub(crate) gate: Option<Gate>,
    pub(crate) apis: Vec<Server>,
    pub(crate) ingest: Server,
    pub(crate) workers: Vec<Server>,
    pub(crate) ctl: Ctl,
    pub(crate) secrets: Secrets,
    pub(crate) keys: Keys,
    pub(crate) http: Client,
    pub(super) directory: PathBuf,
    /// See [`Options::loses_last_codes`].
    pub(super) loses_last_codes: bool,
    pub(super) is_finished: bool,
    customers: AtomicU32,
    _slot: SemaphorePermit<'static>,
}

impl Stack {
    /// Starts everything and waits until it is ready.
    pub(crate) async fn start(options: Options) -> Self {
        let slot = SLOTS.acquire().await.unwrap();
        let directory = directory();
        let name = directory.file_name().unwrap().to_str().unwrap().replace('-', "_");
        let (secrets, http) = (Secrets::default(), client());
        let keys = Keys::make(&secrets);
        let redis = Redis::start(&directory, &keys.redis);
        let (database, sandbox, ()) = tokio::join!(
            Database::create(&place().database_url, &name, &keys.database),
            Sandbox::start(sandbox(&options, &keys, &directory), http.clone()),
            redis.ready(),
        );
        let ingest_port = free_port();
        let gate = if options.gated { Some(gate_to(&database.owner_url).await) } else { None };
        let mut places = vec![
            ("redis.session_url", redis.url(0)),
            ("redis.cache_url", redis.url(1)),
            ("redis.ratelimit_url", redis.url(2)),
            ("secrets.seal_key", keys.seal.clone()),
            ("ingest.public_url", format!("http://127.0.0.1:{ingest_port}")),
            ("stripe.api_base", sandbox.url.clone()),
            ("stripe.secret_key", keys.stripe.clone()),
            ("stripe.webhook_secrets", keys.webhook.clone()),
        ];
        if options.all_gateways {
            places.extend(gateways::settings(&sandbox.url, ingest_port, &keys));
        }
        let environment = options.environment(places);
        let owner = ctl(&environment, &database.owner_url, &directory);
        let migration = database.migration();
        owner.run(&migration.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let ctl = ctl(&environment, &database.url("ctl"), &directory);
        let launch = |binary: &str, number: usize, port: u16| {
            let url = seen_through(gate.as_ref(), &database.url(binary));
            let own = [("DATABASE__URL", url), ("HTTP__LISTEN", format!("127.0.0.1:{port}"))];
            let program = server(binary, number, (&environment, own), &directory);
            Server::start(program, port, http.clone())
        };
        let stack = Self {
            apis: (0..options.api_servers).map(|n| launch("api-server", n, free_port())).collect(),
            ingest: launch("webhook-ingest", 0, ingest_port),
            workers: (0..options.task_workers)
                .map(|n| launch("task-worker", n, free_port()))
                .collect(),
            sandbox,
            redis,
            database,
            gate,
            ctl,
            secrets,
            keys,
            http,
            directory,
            loses_last_codes: options.loses_last_codes,
            is_finished: false,
            customers: AtomicU32::new(0),
            _slot: slot,
        };
        stack.seed().await;
        if options.all_gateways {
            gateways::introduce(&stack).await;
        }
        for server in stack.servers() {
            server.ready().await;
        }
        stack
    }

    /// Registers the providers, with keys nobody else has, and reads what they sell.
    async fn seed(&self) {
        for (priority, code) in PROVIDERS.iter().enumerate() {
            let (key, priority) = (self.secrets.make("key-"), priority.to_string());
            let base = format!("{}/p/{code}", self.sandbox.url);
            let words = [
                ["provider", "add"],
                ["--code", code],
                ["--protocol", "sms_activate"],
                ["--base-url", &base],
                ["--api-key", &key],
                ["--priority", &priority],
            ];
            let added = self.ctl.run(&words.concat()).await;
            let callback_url = added["callback_url"].as_str().unwrap().to_owned();
            self.secrets.plant(callback_url.rsplit('/').next().unwrap());
            let settings = json!({
                "api_key": key, "callback_url": callback_url, "callback_retry_ms": 300,
            });
            self.sandbox.control(&format!("providers/{code}"), settings).await;
        }
        let webhook = json!({
            "webhook_url": format!("{}/stripe", self.ingest.url), "webhook_retry_ms": 300,
        });
        self.sandbox.control("stripe", webhook).await;
        self.ctl.run(&["catalog", "sync"]).await;
    }

    /// Our servers.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &Server> {
        self.apis.iter().chain([&self.ingest]).chain(&self.workers)
    }

    /// A new customer with that much money.
    pub(crate) async fn customer(&self, rupiah: i64) -> Customer {
        let number = self.customers.fetch_add(1, Ordering::Relaxed);
        let email = format!("customer-{number}@example.com");
        let added = self.ctl.run(&["customer", "add", "--email", &email]).await;
        if rupiah > 0 {
            let amount = rupiah.to_string();
            let reason = "a test needs money";
            let words =
                ["customer", "credit", "--email", &email, "--amount", &amount, "--reason", reason];
            let signed = ["--operator", "e2e", "--approver", "another"];
            self.ctl.run(&[&words[..], &signed].concat()).await;
        }
        let issued = self.ctl.run(&["token", "issue", "--email", &email]).await;
        let token = issued["token"].as_str().unwrap().to_owned();
        self.secrets.plant(&token);
        let (url, http) = (self.apis[0].url.clone(), self.http.clone());
        Customer { email, id: added["id"].as_i64().unwrap(), token, url, http }
    }

    /// A file beside the logs.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The test account of a customer.
    pub(crate) async fn tester(&self, of: &Customer) -> Customer {
        let issued = self.ctl.run(&["token", "issue", "--test", "--email", &of.email]).await;
        let token = issued["token"].as_str().unwrap().to_owned();
        self.secrets.plant(&token);
        let id = "SELECT max(id) FROM users WHERE test_of IS NOT NULL";
        Customer { id: self.database.one(id).await, token, ..of.clone() }
    }

    /// Logs of everything that is ours.
    pub(crate) fn logs(&self) -> impl Iterator<Item = PathBuf> {
        let ctl = self.ctl.log();
        let servers = self.servers().map(|server| server.process.program.log.clone());
        servers.chain(ctl.exists().then_some(ctl))
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        for server in self.servers() {
            let name = &server.process.program.name;
            eprintln!("---- {name}, {}", server.process.program.log.display());
            eprintln!("{}", server.process.log_tail(30));
            server.process.kill();
        }
        // Nobody has looked at its books: a test that forgets to must not pass.
        assert!(std::thread::panicking(), "a stack ended without Stack::finish");
    }
}

/// A new directory, named so that it also serves as the name of a database.
fn directory() -> PathBuf {
    static TURN: AtomicU32 = AtomicU32::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let directory = place().scratch.join(format!("e2e-{}-{turn}", std::process::id()));
    // Left over by a process that had the same id.
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn sandbox(options: &Options, keys: &Keys, directory: &std::path::Path) -> Program {
    let arguments = [
        ("--seed", "42".to_owned()),
        ("--lifetime-seconds", options.lifetime_seconds.to_string()),
        ("--min-cancel-seconds", options.min_cancel_seconds.to_string()),
        ("--stripe-key", keys.stripe.clone()),
        ("--stripe-webhook-secret", keys.webhook.clone()),
        ("--heleket-key", keys.heleket.clone()),
        ("--duitku-key", keys.duitku.clone()),
        ("--btcpay-key", keys.btcpay_key.clone()),
        ("--btcpay-webhook-secret", keys.btcpay.clone()),
    ];
    Program {
        name: "sandbox".to_owned(),
        path: place().binary("sandbox"),
        arguments: arguments.into_iter().flat_map(|(key, it)| [key.to_owned(), it]).collect(),
        environment: Vec::new(),
        log: directory.join("sandbox.log"),
    }
}

/// What one server is told beside what all are.
type Own = [(&'static str, String); 2];

fn server(
    binary: &str,
    number: usize,
    (environment, own): (&[(String, String)], Own),
    directory: &std::path::Path,
) -> Program {
    let own = own.map(|(name, value)| (format!("SWITCHBOARD__{name}"), value));
    Program {
        name: format!("{binary}-{number}"),
        path: place().binary(binary),
        arguments: Vec::new(),
        environment: environment.iter().cloned().chain(own).collect(),
        log: directory.join(format!("{binary}-{number}.log")),
    }
}

/// The command line never goes through the gate.
fn ctl(environment: &[(String, String)], login: &str, directory: &std::path::Path) -> Ctl {
    let login = ("SWITCHBOARD__DATABASE__URL".to_owned(), login.to_owned());
    Ctl(Program {
        name: "ctl".to_owned(),
        path: place().binary("ctl"),
        arguments: Vec::new(),
        environment: environment.iter().cloned().chain([login]).collect(),
        log: directory.join("ctl.log"),
    })
}

async fn gate_to(url: &str) -> Gate {
    let url = Url::parse(url).unwrap();
    let server = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
    Gate::to(tokio::net::lookup_host(server).await.unwrap().next().unwrap()).await
}

fn seen_through(gate: Option<&Gate>, url: &str) -> String {
    let Some(gate) = gate else { return url.to_owned() };
    let mut url = Url::parse(url).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(gate.address.port())).unwrap();
    url.to_string()
}
