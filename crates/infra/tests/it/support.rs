//! Servers that tests start for themselves.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    net::TcpListener,
    path::PathBuf,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use deadpool_redis::redis::{self, Client, aio::MultiplexedConnection};
use secrecy::SecretString;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

/// Far longer than anything here takes; a test that needs it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What `future` yields, unless it takes unreasonably long.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("this should have happened long ago")
}

/// Looks again and again until `condition` holds, for things that give no signal.
pub(crate) async fn until<F>(condition: impl Fn() -> F + Send + Sync)
where
    F: Future<Output = bool> + Send,
{
    soon(async {
        while !condition().await {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// A Redis server on a port of its own; it ends with the value.
pub(crate) struct RedisServer {
    pub(crate) port: u16,
    directory: PathBuf,
    process: Option<Child>,
}

impl RedisServer {
    /// A server that accepts connections.
    pub(crate) async fn start() -> Self {
        let mut server = Self::absent();
        server.revive().await;
        server
    }

    /// A port on which nobody listens until [`Self::revive`].
    pub(crate) fn absent() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "switchboard-redis-{}-{}",
            std::process::id(),
            COUNTER.fetch_add(1, Ordering::Relaxed)
        );
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, directory, process: None }
    }

    /// Starts it, or starts it again with nothing in it.
    pub(crate) async fn revive(&mut self) {
        let mut process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("these tests need `redis-server` on the PATH");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains("Ready to accept connections") {
                    return;
                }
            }
            panic!("redis-server ended instead of accepting connections on {}", self.port);
        };
        soon(ready).await;
        self.process = Some(process);
    }

    /// Ends it without warning.
    pub(crate) async fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().await.unwrap();
    }

    /// Sends the running server a signal, such as `STOP`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.process.as_ref().and_then(Child::id).expect("it runs");
        let status = Command::new("kill").args([format!("-{name}"), id.to_string()]).status().await;
        assert!(status.unwrap().success());
    }

    pub(crate) fn url(&self) -> SecretString {
        format!("redis://127.0.0.1:{}", self.port).into()
    }

    /// The adapter under test, connected to it.
    pub(crate) fn client(&self) -> infra::redis::Redis {
        infra::redis::Redis::connect(&self.url()).unwrap()
    }

    /// A plain connection, to look at it from outside.
    pub(crate) async fn inspect(&self) -> MultiplexedConnection {
        let client = Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// How often it has run `command`.
    pub(crate) async fn calls(&self, command: &str) -> u64 {
        let mut connection = self.inspect().await;
        let info: String =
            redis::cmd("INFO").arg("commandstats").query_async(&mut connection).await.unwrap();
        let line =
            info.lines().find_map(|it| it.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
