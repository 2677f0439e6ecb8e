use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::json;

use super::{
    Ctl, Customer, Postgres, Redis, Sandbox, Server,
    links::Wiring,
    ports::free_address,
    process::Program,
    psql,
    sandbox::PROVIDERS,
    settings::{self, variable},
};
use crate::proxy::Link;

/// What is started, how often, as whom it logs in, and the role that its login gets.
const SERVERS: [(&str, u32, &str, &str); 3] = [
    ("api-server", 2, "chaos_api", "switchboard_api"),
    ("webhook-ingest", 1, "chaos_webhook", "switchboard_webhook"),
    ("task-worker", 2, "chaos_worker", "switchboard_worker"),
];
/// The three instances the settings name.
const REDIS: [&str; 3] = ["session", "cache", "ratelimit"];
/// In rupiah: enough for a while, so that top-ups matter before the end.
const GRANTED: i64 = 3_000_000;
/// Customers besides, whose banks take payments back. A lost dispute ends their buying for good.
const COMPLAINERS: u32 = 2;
/// What those begin with: so little that they owe us something soon.
const LITTLE: i64 = 150_000;
/// More numbers than a run can buy.
const STOCK: u32 = 1_000_000;

/// What to start.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Directory of the binaries.
    pub(crate) binaries: PathBuf,
    /// Another task-worker than the one there.
    pub(crate) worker: Option<PathBuf>,
    /// Logs and whatever else the run writes.
    pub(crate) directory: PathBuf,
    /// Size of the disk made for Postgres; nothing: it gets none of its own.
    pub(crate) disk_mib: Option<u64>,
    pub(crate) seed: u64,
    pub(crate) customers: u32,
    /// Connections to Postgres of each server.
    pub(crate) connections: u32,
}

/// Everything that runs.
pub(crate) struct System {
    pub(crate) servers: Vec<Server>,
    pub(crate) links: Vec<Link>,
    pub(crate) ctl: Ctl,
    pub(crate) customers: Vec<Customer>,
    pub(crate) sandbox: Sandbox,
    pub(crate) redis: Vec<Redis>,
    pub(crate) postgres: Postgres,
}

impl System {
    /// Starts everything and waits until it is ready.
    pub(crate) async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let logs = plan.directory.join("log");
        fs::create_dir_all(&logs)?;
        let http = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build()?;
        let home = std::env::temp_dir().join(format!("switchboard-chaos-{}", std::process::id()));
        let postgres = Postgres::start(&home, &logs.join("postgres.log"), plan.disk_mib).await?;
        let owner = postgres.owner_url();
        let mut redis = Vec::new();
        for name in REDIS {
            redis.push(Redis::start(name, &logs).await?);
        }
        let sandbox = Sandbox::start(sandbox_program(plan, &logs)?, http.clone()).await?;
        let mut start = Start { plan, logs, http, wiring: Wiring::default(), common: Vec::new() };
        let ingest = free_address()?;
        start.share(&sandbox, ingest).await?;
        let ctl = start.ctl(&owner)?;
        ctl.run(&["migrate"]).await?;
        let mut servers = Vec::new();
        for (kind, replicas, login, role) in SERVERS {
            psql(&owner, &format!("CREATE ROLE {login} LOGIN; GRANT {role} TO {login}")).await?;
            for number in 0..replicas {
                let address = if kind == "webhook-ingest" { ingest } else { free_address()? };
                let started = start.server((kind, number, login), address, (&postgres, &redis));
                servers.push(started.await?);
            }
        }
        let links = start.wiring.into_links();
        let mut system =
            Self { servers, links, ctl, customers: Vec::new(), sandbox, redis, postgres };
        system.seed(plan.customers).await?;
        for server in &system.servers {
            server.ready().await?;
        }
        Ok(system)
    }

    /// Registers the providers, reads what they sell, and lets customers in.
    async fn seed(&mut self, customers: u32) -> anyhow::Result<()> {
        let providers = self.link("providers")?.address;
        for (priority, code) in (1..).zip(PROVIDERS) {
            let (key, priority) = (format!("key-{code}"), i32::to_string(&priority));
            let base = format!("http://{providers}/p/{code}");
            let named = ["provider", "add", "--code", code, "--protocol", "sms_activate"];
            let rest = ["--base-url", &base, "--api-key", &key, "--priority", &priority];
            let added = self.ctl.run(&[&named[..], &rest[..]].concat()).await?;
            let update = json!({
                "callback_url": added["callback_url"], "callback_retry_ms": 300,
                "stock": STOCK, "balance_usd": "1000000",
            });
            self.sandbox.control(&format!("providers/{code}"), update).await?;
        }
        let ingest = self.link("ingest")?.address;
        let public = format!("http://{ingest}");
        let webhook = json!({ "webhook_url": format!("{public}/stripe"), "webhook_retry_ms": 300 });
        self.sandbox.control("stripe", webhook).await?;
        let webhook = json!({ "webhook_url": format!("{public}/btcpay"), "second_ms": 30 });
        self.sandbox.control("btcpay", webhook).await?;
        for gateway in ["heleket", "duitku"] {
            self.sandbox.control(gateway, json!({ "callback_retry_ms": 300 })).await?;
        }
        self.ctl.run(&["catalog", "sync"]).await?;
        for number in 0..customers + COMPLAINERS {
            let complains = number >= customers;
            let start = (if complains { LITTLE } else { GRANTED }, complains);
            self.customers.push(Customer::open(&self.ctl, number, start).await?);
        }
        Ok(())
    }

    /// Where customers reach the servers: the beginnings of the wires to them.
    pub(crate) fn fronts(&self) -> Vec<String> {
        let fronts = self.links.iter().filter(|link| link.name.starts_with("front/"));
        fronts.map(|link| format!("http://{}", link.address)).collect()
    }

    /// The wire of that name.
    pub(crate) fn link(&self, name: &str) -> anyhow::Result<&Link> {
        let found = self.links.iter().find(|link| link.name == name);
        found.with_context(|| format!("no wire {name}"))
    }

    /// The server of that name.
    pub(crate) fn server(&self, name: &str) -> anyhow::Result<&Server> {
        let found = self.servers.iter().find(|server| server.name == name);
        found.with_context(|| format!("no server {name}"))
    }

    /// Ends our servers in order; answers those that did not end cleanly.
    pub(crate) async fn stop_servers(&self) -> anyhow::Result<Vec<String>> {
        let mut unclean = Vec::new();
        for server in &self.servers {
            if !server.stop().await? {
                unclean.push(server.name.clone());
            }
        }
        Ok(unclean)
    }
}

/// What the parts need while they are started.
struct Start<'a> {
    plan: &'a Plan,
    logs: PathBuf,
    http: Client,
    wiring: Wiring,
    /// Settings that all share.
    common: Vec<(String, String)>,
}

impl Start<'_> {
    /// Lays the wires that all servers share.
    async fn share(&mut self, sandbox: &Sandbox, ingest: SocketAddr) -> anyhow::Result<()> {
        self.wiring.lay("providers", sandbox.port()?).await?;
        let gateways = self.wiring.lay("gateways", sandbox.port()?).await?;
        let public = self.wiring.lay("ingest", ingest.port()).await?;
        self.common = settings::common();
        self.common.push(variable("database.max_connections", self.plan.connections.to_string()));
        let (gateways, public) = (format!("http://{gateways}"), format!("http://{public}"));
        self.common.extend(settings::meeting_places(&gateways, &public));
        Ok(())
    }

    /// The operator works as the owner of the database and on undisturbed wires, but for those to
    /// the world outside.
    fn ctl(&self, owner: &str) -> anyhow::Result<Ctl> {
        let environment = [variable("database.url", owner)];
        Ok(Ctl(Program {
            name: "ctl".to_owned(),
            path: self.binary("ctl")?,
            arguments: Vec::new(),
            environment: self.common.iter().cloned().chain(environment).collect(),
            log: self.logs.join("ctl.log"),
        }))
    }

    async fn server(
        &mut self,
        (kind, number, login): (&'static str, u32, &str),
        address: SocketAddr,
        (postgres, redis): (&Postgres, &[Redis]),
    ) -> anyhow::Result<Server> {
        let name = format!("{kind}-{number}");
        let database = self.wiring.lay(format!("postgres/{name}"), postgres.port).await?;
        let mut environment = self.common.clone();
        environment.extend([
            variable("http.listen", address.to_string()),
            variable("database.url", Postgres::url(login, database.port())),
        ]);
        for redis in redis {
            let wire = self.wiring.lay(format!("{}/{name}", redis.name), redis.port).await?;
            let path = format!("redis.{}_url", redis.name);
            environment.push(variable(&path, format!("redis://{wire}/0")));
        }
        if kind == "api-server" {
            self.wiring.lay(format!("front/{name}"), address.port()).await?;
        }
        let path = match &self.plan.worker {
            Some(worker) if kind == "task-worker" => worker.clone(),
            _ => self.binary(kind)?,
        };
        let log = self.logs.join(format!("{name}.log"));
        let program = Program { name, path, arguments: Vec::new(), environment, log };
        Server::start(kind, program, address, self.http.clone())
    }

    fn binary(&self, name: &str) -> anyhow::Result<PathBuf> {
        binary(&self.plan.binaries, name)
    }
}

fn binary(directory: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let path = directory.join(name);
    ensure!(path.is_file(), "{} is missing: cargo build --bins", path.display());
    Ok(path)
}

fn sandbox_program(plan: &Plan, logs: &Path) -> anyhow::Result<Program> {
    let arguments = [
        ("--seed", plan.seed.to_string()),
        ("--providers", PROVIDERS.join(",")),
        ("--lifetime-seconds", settings::PROVIDER_LIFETIME_SECONDS.to_string()),
        ("--min-cancel-seconds", "0".to_owned()),
    ];
    Ok(Program {
        name: "sandbox".to_owned(),
        path: binary(&plan.binaries, "sandbox")?,
        arguments: arguments.into_iter().flat_map(|(key, it)| [key.to_owned(), it]).collect(),
        environment: Vec::new(),
        log: logs.join("sandbox.log"),
    })
}
