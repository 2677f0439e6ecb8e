use std::{path::Path, time::Duration};

use anyhow::ensure;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{
    ports::free_address,
    process::{PATIENCE, Process, Program},
};

/// A Redis of our own, without persistence: what it forgets must not matter.
pub(crate) struct Redis {
    process: Process,
    pub(crate) name: &'static str,
    pub(super) port: u16,
}

impl Redis {
    pub(super) async fn start(name: &'static str, directory: &Path) -> anyhow::Result<Self> {
        let port = free_address()?.port();
        let words = ["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""];
        let place = directory.display().to_string();
        let rest = ["--appendonly", "no", "--dir", &place];
        let program = Program {
            name: format!("redis-{name}"),
            path: "redis-server".into(),
            arguments: words.iter().chain(&rest).map(ToString::to_string).collect(),
            environment: Vec::new(),
            log: directory.join(format!("redis-{name}.log")),
        };
        let redis = Self { process: Process::start(program)?, name, port };
        redis.ready().await?;
        Ok(redis)
    }

    async fn ready(&self) -> anyhow::Result<()> {
        let watch = self.process.watch(Duration::from_millis(10));
        while let Err(error) = self.ask("PING", "+PONG").await {
            watch.again(error).await?;
        }
        Ok(())
    }

    /// Forgets everything: locks, caches, limits.
    pub(crate) async fn flush(&self) -> anyhow::Result<()> {
        self.ask("FLUSHALL", "+OK").await
    }

    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        self.process.kill().await
    }

    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        self.process.start_again().await?;
        self.ready().await
    }

    /// Sends a signal, such as `STOP` or `CONT`.
    pub(crate) async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        self.process.signal(signal).await
    }

    async fn ask(&self, command: &str, wanted: &str) -> anyhow::Result<()> {
        let asking = async {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            let mut connection = BufReader::new(stream);
            connection.write_all(format!("{command}\r\n").as_bytes()).await?;
            let mut line = String::new();
            connection.read_line(&mut line).await?;
            Ok::<_, std::io::Error>(line)
        };
        let line = timeout(PATIENCE, asking).await??;
        ensure!(line.starts_with(wanted), "Redis answers {line:?} to {command}");
        Ok(())
    }
}
