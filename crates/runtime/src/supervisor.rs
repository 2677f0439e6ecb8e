use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::counter;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, error, info, info_span, warn};

use crate::shutdown::{Exit, Signals, Stop};
use crate::task::{TaskResult, backoff, chain, panic_message, start};

/// Between the hard stop and the abort, for tasks that want to say a last word.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// A loop that ran this long before failing starts over at the shortest pause.
const STABLE_AFTER: Duration = Duration::from_mins(1);

/// Owns every task of the process, so that shutdown can wait for all of them.
///
/// Clones share the tasks; hand one to whatever needs to spawn.
#[derive(Debug, Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    stop: Stop,
    grace: Duration,
    tasks: TaskTracker,
    failed: AtomicBool,
    aborted: AtomicBool,
}

/// How one run of a task ended.
enum End {
    Done,
    Failed,
    Panicked,
    Aborted,
}

impl Supervisor {
    /// A supervisor that is stopped only through its [`Stop`], for tests and tools.
    pub fn new(grace: Duration) -> Self {
        let shared = Shared {
            stop: Stop::default(),
            grace,
            tasks: TaskTracker::new(),
            failed: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// A supervisor that begins the soft stop at the first SIGTERM or SIGINT and the hard stop at
    /// the second.
    ///
    /// # Errors
    /// If the signals cannot be caught.
    pub fn with_signals(grace: Duration) -> io::Result<Self> {
        let mut signals = Signals::new()?;
        let supervisor = Self::new(grace);
        let stop = supervisor.stop();
        // Not tracked: it has nothing to finish and must not keep the process alive.
        start(async move {
            loop {
                let name = signals.next().await;
                info!(signal = name, "{name} received");
                stop.escalate();
            }
        });
        Ok(supervisor)
    }

    /// The tokens that announce the end of the process.
    pub fn stop(&self) -> Stop {
        self.shared.stop.clone()
    }

    /// Spawns a task the process cannot do without: if it ends before the soft stop, for whatever
    /// reason, the process shuts down and reports failure.
    pub fn spawn<F, Fut>(&self, name: &'static str, task: F)
    where
        F: FnOnce(Stop) -> Fut,
        Fut: Future + Send + 'static,
        Fut::Output: TaskResult,
    {
        let (this, future) = (self.clone(), task(self.stop()));
        self.track(async move {
            let end = this.run(name, future).await;
            let stopping = this.shared.stop.is_stopping();
            if matches!(end, End::Failed | End::Panicked) || !stopping {
                this.shared.failed.store(true, Ordering::Release);
            }
            if !stopping {
                error!(task = name, "task {name} ended unexpectedly, shutting down");
                this.shared.stop.soft.cancel();
            }
        });
    }

    /// Spawns a task that is started again, after a jittered pause, whenever it ends before the
    /// soft stop.
    pub fn spawn_loop<F, Fut>(&self, name: &'static str, factory: F)
    where
        F: Fn(Stop) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: TaskResult,
    {
        let (this, factory) = (self.clone(), Arc::new(factory));
        self.track(async move {
            let stop = this.stop();
            let mut failures_in_a_row = 0_u32;
            while !stop.is_stopping() {
                let started = Instant::now();
                let (factory, own_stop) = (Arc::clone(&factory), stop.clone());
                // Called inside the task, so that a panic in the factory itself is caught as well.
                this.run(name, async move { factory(own_stop).await }).await;
                if stop.is_stopping() {
                    break;
                }
                if started.elapsed() >= STABLE_AFTER {
                    failures_in_a_row = 0;
                }
                let pause = backoff(failures_in_a_row);
                failures_in_a_row = failures_in_a_row.saturating_add(1);
                warn!(
                    task = name,
                    pause_ms = pause.as_secs_f64() * 1000.0,
                    "task {name} is started again"
                );
                counter!("task_restarts_total", "task" => name).increment(1);
                tokio::select! {
                    () = sleep(pause) => {}
                    () = stop.stopping() => {}
                }
            }
        });
    }

    /// Spawns work that ends by itself, such as what outlives the request that began it. Its
    /// failure is logged and does not end the process; shutdown waits for it.
    pub fn spawn_once<Fut>(&self, name: &'static str, future: Fut)
    where
        Fut: Future + Send + 'static,
        Fut::Output: TaskResult,
    {
        let this = self.clone();
        self.track(async move {
            this.run(name, future).await;
        });
    }

    /// Waits until every task has ended, or the grace period after the soft stop is over and the
    /// rest has been aborted.
    pub async fn wait(self) -> Exit {
        self.shared.tasks.close();
        tokio::select! {
            () = self.shared.tasks.wait() => {}
            () = self.patience() => {
                warn!("shutdown takes too long, aborting {} tasks", self.shared.tasks.len());
                self.shared.aborted.store(true, Ordering::Release);
                self.shared.stop.hard.cancel();
                // Bounded: a task that blocks its thread cannot be aborted.
                let _ = timeout(LAST_WORDS * 2, self.shared.tasks.wait()).await;
            }
        }
        if self.shared.failed.load(Ordering::Acquire) {
            Exit::Failed
        } else if self.shared.aborted.load(Ordering::Acquire) {
            Exit::Aborted
        } else {
            Exit::Clean
        }
    }

    /// Completes when the remaining tasks may be aborted.
    async fn patience(&self) {
        let Stop { soft, hard } = &self.shared.stop;
        soft.cancelled().await;
        tokio::select! {
            () = sleep(self.shared.grace) => {}
            () = hard.cancelled() => {}
        }
    }

    fn track(&self, body: impl Future<Output = ()> + Send + 'static) {
        start(self.shared.tasks.track_future(body));
    }

    /// Runs one task to its end and says how it ended; aborts it after the hard stop.
    async fn run<Fut>(&self, name: &'static str, future: Fut) -> End
    where
        Fut: Future + Send + 'static,
        Fut::Output: TaskResult,
    {
        let mut handle = start(future.instrument(info_span!("task", task = name)));
        let hard = &self.shared.stop.hard;
        let joined = tokio::select! {
            joined = &mut handle => joined,
            () = async { hard.cancelled().await; sleep(LAST_WORDS).await; } => {
                handle.abort();
                handle.await
            }
        };
        match joined.map(TaskResult::into_failure) {
            Ok(None) => End::Done,
            Ok(Some(failure)) => {
                error!(task = name, error = chain(&*failure), "task {name} failed");
                End::Failed
            }
            Err(error) if error.is_panic() => {
                counter!("task_panics_total", "task" => name).increment(1);
                let payload = error.into_panic();
                let message = panic_message(&*payload);
                error!(task = name, message, "task {name} panicked");
                End::Panicked
            }
            Err(_) => End::Aborted,
        }
    }
}
