use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::{
    Process,
    databases::Databases,
    earlier,
    logins::Logins,
    process::free_address,
    seed::{self, Customers},
};
use crate::{
    cli::Cli,
    load::Connection,
    postgres::{Login, Purchase},
    random::Random,
};

const SANDBOX: &str = "sandbox";
const REDIS: &str = "Redis";
/// Each is dearer than the one before it, as in the local stack.
const PROVIDERS: [&str; 3] = ["alpha", "beta", "gamma"];

/// What the public address of webhook-ingest is said to be.
const NOWHERE: &str = "http://127.0.0.1:9";
/// Customers for streams: with seven each they have two thousand, and place for one more.
const LISTENERS: u32 = 290;

/// What the servers stand on, filled and ready.
pub(crate) struct Ground<'a> {
    pub(crate) databases: &'a Databases,
    pub(crate) logins: Logins,
    pub(crate) tokens: Arc<[String]>,
    /// Tokens of customers who never buy in bulk, for streams.
    pub(crate) listeners: Arc<[String]>,
    /// Where each provider calls back, by its code.
    pub(crate) callbacks: BTreeMap<&'static str, String>,
    pub(crate) purchase: Purchase,
    pub(crate) logs: PathBuf,
    bin_dir: PathBuf,
    seal_key: String,
    pub(crate) redis: Process,
    pub(crate) sandbox: Process,
}

impl<'a> Ground<'a> {
    pub(crate) async fn lay(cli: &Cli, databases: &'a Databases) -> anyhow::Result<Self> {
        let owner = databases.server.owner();
        let logins = Logins::read(cli, owner)?;
        let logs = cli.work_dir.join("log");
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        databases.server.create(&databases.main).await?;
        let mut random = Random::from_system();
        let mut ground = Self {
            databases,
            logins,
            tokens: Arc::new([]),
            listeners: Arc::new([]),
            callbacks: BTreeMap::new(),
            purchase: Purchase::default(),
            redis: start_redis(&cli.work_dir, &logs)?,
            sandbox: start_sandbox(&cli.bin_dir.join(SANDBOX), &logs)?,
            logs,
            bin_dir: cli.bin_dir.clone(),
            seal_key: [(); 4].map(|()| format!("{:016x}", random.next())).concat(),
        };
        ground.redis.listens().await?;
        ground.sandbox.listens().await?;
        for grant in ground.logins.grants() {
            ground.ctl_as(owner, &["migrate", "--grant-to", &grant]).await?;
        }
        ground.stock_up().await?;
        let main = &databases.main;
        let many = cli.customers + LISTENERS;
        let Customers { mut tokens, first } =
            seed::customers(&databases.server, main, many).await?;
        ground.listeners = tokens.split_off(usize::try_from(cli.customers)?).into();
        let last = first + i64::from(cli.customers) - 1;
        ground.tokens = tokens.into();
        ground.purchase = seed::purchase(&databases.server, main, [first, last]).await?;
        for copy in [&databases.reference, &databases.after] {
            databases.server.copy(main, copy).await?;
        }
        earlier::lay(databases, &ground.logins.api).await?;
        Ok(ground)
    }

    /// Registers the providers with more numbers than a run can buy, and reads their lists.
    async fn stock_up(&mut self) -> anyhow::Result<()> {
        let address = self.sandbox.address;
        for (priority, code) in (1..).zip(PROVIDERS) {
            let wealth = r#"{"stock":1000000000,"balance_usd":"1000000000"}"#;
            post(address, &format!("/control/providers/{code}"), wealth).await?;
            let (url, key) = (format!("http://{address}/p/{code}"), format!("key-{code}"));
            let priority = i32::to_string(&priority);
            let known = ["--protocol", "sms_activate", "--base-url", &url, "--api-key", &key];
            let named = ["provider", "add", "--code", code, "--priority", &priority];
            let added = self.ctl(&[&named[..], &known[..], &["--json"]].concat()).await?;
            let added: Value = serde_json::from_str(&added)?;
            let path = added["callback_url"].as_str().and_then(|url| url.strip_prefix(NOWHERE));
            let path = path.context("ctl does not say where the provider calls back")?;
            self.callbacks.insert(code, path.to_owned());
        }
        self.ctl(&["catalog", "sync"]).await.map(drop)
    }

    /// Runs the operator's command line.
    pub(crate) async fn ctl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.ctl_as(&self.logins.operator, arguments).await
    }

    async fn ctl_as(&self, login: &Login, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new(self.binary("ctl"));
        command.args(arguments).envs(self.settings(login));
        let output = command.kill_on_drop(true).output().await.context("cannot run ctl")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("ctl {} ended with {}: {said}", arguments.join(" "), output.status);
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    /// Cargo names the folder of the binaries after the profile they were built with.
    pub(crate) fn profile(&self) -> String {
        let folder = self.bin_dir.file_name().unwrap_or_default();
        folder.to_string_lossy().into_owned()
    }

    /// What every binary of ours is told.
    pub(super) fn settings(&self, login: &Login) -> Vec<(&'static str, String)> {
        let redis = format!("redis://{}/0", self.redis.address);
        vec![
            ("SWITCHBOARD__DATABASE__URL", login.url(&self.databases.main)),
            ("SWITCHBOARD__REDIS__SESSION_URL", redis.clone()),
            ("SWITCHBOARD__REDIS__CACHE_URL", redis.clone()),
            ("SWITCHBOARD__REDIS__RATELIMIT_URL", redis),
            ("SWITCHBOARD__SECRETS__SEAL_KEY", self.seal_key.clone()),
            // The sandbox calls nobody back; the load generator does, and knows where.
            ("SWITCHBOARD__INGEST__PUBLIC_URL", NOWHERE.to_owned()),
        ]
    }

    pub(super) fn helpers(&self) -> [(&'static str, u32); 2] {
        [&self.redis, &self.sandbox].map(|process| (process.name, process.pid))
    }

    /// How often the sandbox was asked for a number.
    pub(crate) async fn sales(&self) -> anyhow::Result<u64> {
        let mut connection = Connection::open(self.sandbox.address).await?;
        let request = b"GET /control/state?newest=0 HTTP/1.1\r\nhost: bench\r\n\r\n";
        let state: Value = serde_json::from_slice(connection.send(request).await?.body)?;
        let calls = PROVIDERS.iter().flat_map(|code| {
            ["getNumber", "getNumberV2"].map(|action| &state["providers"][code]["calls"][action])
        });
        Ok(calls.filter_map(Value::as_u64).sum())
    }

    pub(crate) async fn clear(self) -> anyhow::Result<()> {
        self.sandbox.stop().await?;
        self.redis.stop().await
    }
}

fn start_redis(folder: &Path, logs: &Path) -> anyhow::Result<Process> {
    let address = free_address()?;
    let data = folder.join("redis");
    fs::create_dir_all(&data)?;
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string()]);
    command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(&data);
    Process::start(REDIS, address, command, logs)
}

fn start_sandbox(binary: &Path, logs: &Path) -> anyhow::Result<Process> {
    let address = free_address()?;
    let mut command = Command::new(binary);
    command.args(["--listen", &address.to_string(), "--providers", &PROVIDERS.join(",")]);
    Process::start(SANDBOX, address, command, logs)
}

pub(crate) async fn post(address: SocketAddr, path: &str, body: &str) -> anyhow::Result<()> {
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    let mut connection = Connection::open(address).await?;
    let reply = connection.send(request.as_bytes()).await?;
    let said = String::from_utf8_lossy(reply.body);
    ensure!(reply.status == 200, "{path} answered {}: {said}", reply.status);
    Ok(())
}
