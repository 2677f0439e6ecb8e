use std::io;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two stages in which a process ends.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Stage one: take no new work, finish what was begun.
    pub soft: CancellationToken,
    /// Stage two: patience is over, what still runs is aborted.
    pub hard: CancellationToken,
}

impl Stop {
    /// Completes when no new work should be taken.
    pub async fn stopping(&self) {
        self.soft.cancelled().await;
    }

    /// True once no new work should be taken.
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Begins the next stage.
    pub(crate) fn escalate(&self) {
        if self.soft.is_cancelled() {
            self.hard.cancel();
        } else {
            self.soft.cancel();
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every task finished by itself.
    Clean,
    /// A task the process cannot do without ended too early.
    Failed,
    /// Tasks had to be aborted.
    Aborted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::SUCCESS,
            Exit::Failed | Exit::Aborted => Self::FAILURE,
        }
    }
}

/// The signals that ask a process to end.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The name of the next signal.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
