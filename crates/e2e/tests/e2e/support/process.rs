//! Processes and their signals.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use super::wait::eventually;

/// How a process is started, again and again.
pub(crate) struct Program {
    /// Its name in messages and of its log.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Everything it sees of the environment besides `PATH`.
    pub(crate) environment: Vec<(String, String)>,
    /// Where it writes; all its lives write to the same file.
    pub(crate) log: PathBuf,
}

impl Program {
    /// The command without its outputs.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).env_clear();
        command.envs(super::place::variable("PATH").map(|path| ("PATH", path)));
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    fn spawn(&self) -> Child {
        let log = open_log(&self.log);
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }
}

fn open_log(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

/// A process that can be ended and started anew; it ends with the value.
pub(crate) struct Process {
    pub(crate) program: Program,
    child: Mutex<Option<Child>>,
}

impl Process {
    pub(crate) fn start(program: Program) -> Self {
        let child = program.spawn();
        Self { program, child: Mutex::new(Some(child)) }
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap()
    }

    /// Ends it at once, as a power failure would.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again after its end.
    pub(crate) fn start_again(&self) {
        let mut child = self.child();
        assert!(child.is_none(), "{} still runs", self.program.name);
        *child = Some(self.program.spawn());
    }

    /// Sends a signal, such as `TERM`, `STOP` or `CONT`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child().as_ref().map(Child::id);
        let pid = pid.unwrap_or_else(|| panic!("{} does not run", self.program.name));
        // Shells have `kill` built in; sending a signal from here would need unsafe code.
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {pid}")]).status();
        assert!(sent.unwrap().success(), "{} cannot be signalled", self.program.name);
    }

    /// The exit code, once it ended; nothing while it runs. A signal counts as -1.
    pub(crate) fn ended(&self) -> Option<i32> {
        let mut child = self.child();
        let status = child.as_mut()?.try_wait().unwrap()?;
        *child = None;
        Some(status.code().unwrap_or(-1))
    }

    /// Waits for its end.
    pub(crate) async fn exit_code(&self, within: Duration) -> i32 {
        let what = format!("{} ends", self.program.name);
        eventually(&what, within, async || self.ended().ok_or("it runs")).await
    }

    /// True until it ended or was killed.
    pub(crate) fn is_running(&self) -> bool {
        self.child().as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The end of its log.
    pub(crate) fn log_tail(&self, lines: usize) -> String {
        let log = std::fs::read(&self.program.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let skipped = log.lines().count().saturating_sub(lines);
        log.lines().skip(skipped).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = self.child.get_mut().ok().and_then(Option::as_mut) {
            // It may have ended by itself; there is nobody to tell.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
