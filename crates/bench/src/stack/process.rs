use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::load::Connection;

/// How long a process may take to get ready, or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process of ours; killed when dropped.
pub(crate) struct Process {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`, which is told by its arguments or environment to listen on `address`.
    pub(crate) fn start(
        name: &'static str,
        address: SocketAddr,
        mut command: Command,
        logs: &Path,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(logs)?;
        let log = logs.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let pid = child.id().context("a process without an id")?;
        Ok(Self { name, address, pid, child, log })
    }

    /// Waits until `request` is answered with 200, looking again every `interval`.
    pub(crate) async fn answers(
        &mut self,
        request: &[u8],
        interval: Duration,
    ) -> anyhow::Result<()> {
        self.watch(interval, async |address| {
            let mut connection = Connection::open(address).await?;
            let status = connection.send(request).await?.status;
            ensure!(status == 200, "status {status}");
            Ok(())
        })
        .await
    }

    /// Waits until it takes connections.
    pub(crate) async fn listens(&mut self) -> anyhow::Result<()> {
        let interval = Duration::from_millis(20);
        self.watch(interval, async |address| Connection::open(address).await.map(drop)).await
    }

    async fn watch(
        &mut self,
        interval: Duration,
        attempt: impl AsyncFn(SocketAddr) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = attempt(self.address).await {
            let (name, log) = (self.name, self.log.display());
            if let Some(status) = self.child.try_wait()? {
                bail!("{name} ended ({status}); see {log}");
            }
            if Instant::now() > deadline {
                return Err(error.context(format!("{name} is not ready; see {log}")));
            }
            sleep(interval).await;
        }
        Ok(())
    }

    /// Asks it to end and waits until it has, which must be without a failure.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let name = self.name;
        let signal = ["-c", "kill -s TERM \"$0\"", &self.pid.to_string()];
        ensure!(Command::new("sh").args(signal).status().await?.success(), "{name} ended early");
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.with_context(|| format!("{name} does not end"))??;
        ensure!(status.success(), "{name} ended with {status}; see {}", self.log.display());
        Ok(())
    }
}

/// An address that was free a moment ago.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
