use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use tokio::{
    process::{Child, Command},
    sync::Mutex,
    time::{Instant, sleep, timeout},
};

/// How long anything may take to get ready or to end. Cores may be busy elsewhere.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// How a process is started, again and again.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
    /// Everything it sees of the environment besides `PATH`.
    pub(super) environment: Vec<(String, String)>,
    /// All its lives write to the same file.
    pub(super) log: PathBuf,
}

impl Program {
    /// The command without its outputs.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).env_clear().kill_on_drop(true);
        command.envs(std::env::vars_os().filter(|(key, _)| key == "PATH"));
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let log = open_log(&self.log)?;
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().with_context(|| format!("cannot start {}", self.path.display()))
    }
}

fn open_log(path: &Path) -> anyhow::Result<File> {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// A process that can be ended and started anew; it ends with the value.
pub(super) struct Process {
    pub(super) program: Program,
    child: Mutex<Option<Child>>,
}

impl Process {
    pub(super) fn start(program: Program) -> anyhow::Result<Self> {
        let child = Mutex::new(Some(program.spawn()?));
        Ok(Self { program, child })
    }

    /// Nothing while it does not run.
    pub(super) async fn pid(&self) -> Option<u32> {
        self.child.lock().await.as_ref().and_then(Child::id)
    }

    /// Ends it at once, as a power failure would.
    pub(super) async fn kill(&self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.lock().await.take() {
            child.kill().await.with_context(|| format!("cannot kill {}", self.program.name))?;
        }
        Ok(())
    }

    /// Starts it again after its end.
    pub(super) async fn start_again(&self) -> anyhow::Result<()> {
        let mut child = self.child.lock().await;
        if child.is_none() {
            *child = Some(self.program.spawn()?);
        }
        Ok(())
    }

    /// Sends a signal, such as `TERM`, `STOP` or `CONT`.
    pub(super) async fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let Some(pid) = self.pid().await else { return Ok(()) };
        send(signal, &[pid]).await.with_context(|| format!("{} not signalled", self.program.name))
    }

    /// True until it ended by itself or was killed.
    pub(super) async fn is_running(&self) -> anyhow::Result<bool> {
        let mut child = self.child.lock().await;
        let Some(running) = child.as_mut() else { return Ok(false) };
        if running.try_wait()?.is_some() {
            *child = None;
        }
        Ok(child.is_some())
    }

    /// Waits for an end that was asked for; answers whether it was clean.
    pub(super) async fn ended(&self) -> anyhow::Result<bool> {
        let Some(mut child) = self.child.lock().await.take() else { return Ok(false) };
        match timeout(PATIENCE, child.wait()).await {
            Ok(status) => Ok(status?.success()),
            Err(_) => bail!("{} does not end", self.program.name),
        }
    }

    /// For a loop that looks until the process is ready.
    pub(super) fn watch(&self, pause: Duration) -> Watch<'_> {
        Watch { process: self, pause, deadline: Instant::now() + PATIENCE }
    }
}

/// Patience with a process that is getting ready.
pub(super) struct Watch<'a> {
    process: &'a Process,
    pause: Duration,
    deadline: Instant,
}

impl Watch<'_> {
    /// Waits for another look after one that failed with `error`; fails when the process has ended
    /// or it takes too long.
    pub(super) async fn again(&self, error: anyhow::Error) -> anyhow::Result<()> {
        let Program { name, log, .. } = &self.process.program;
        ensure!(self.process.is_running().await?, "{name} ended; see {}", log.display());
        if Instant::now() > self.deadline {
            return Err(error.context(format!("{name} is not ready; see {}", log.display())));
        }
        sleep(self.pause).await;
        Ok(())
    }
}

/// Sends a signal to processes. Shells have `kill` built in; from here it would need unsafe code.
pub(super) async fn send(signal: &str, pids: &[u32]) -> anyhow::Result<()> {
    let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
    let script = format!("kill -s {signal} {} 2>/dev/null", pids.join(" "));
    Command::new("sh").args(["-c", &script]).status().await?;
    Ok(())
}
