//! A task, a lock and a clock that do as they are told.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use std::time::Duration;

use async_trait::async_trait;
use domain::time::{Clock, Timestamp};
use task_worker::{Leader, LeaderError, Leadership, Progress, Task, TaskError};
use tokio::sync::Notify;

/// Always the same instant: 2026-11-20 10:00:00 UTC.
pub(crate) struct StoppedClock;

impl StoppedClock {
    pub(crate) const UNIX: i64 = 1_795_168_800;
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp(Self::UNIX, 0).unwrap()
    }
}

/// What one run of a [`Script`] does.
pub(crate) enum Run {
    Done,
    More,
    Fail,
    Panic,
    Hang,
    /// Goes on when the gate opens.
    Until(Arc<Notify>),
}

/// Does what is in its list, then nothing any more; counts starts and ends.
#[derive(Default)]
pub(crate) struct Script {
    runs: Mutex<Vec<Run>>,
    pub(crate) started: AtomicUsize,
    pub(crate) ended: AtomicUsize,
    pub(crate) on_start: Notify,
}

impl Script {
    pub(crate) fn new(runs: impl IntoIterator<Item = Run>) -> Arc<Self> {
        let mut runs: Vec<Run> = runs.into_iter().collect();
        runs.reverse();
        Arc::new(Self { runs: Mutex::new(runs), ..Self::default() })
    }

    pub(crate) fn starts(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    pub(crate) fn ends(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Task for Script {
    async fn run(&self) -> Result<Progress, TaskError> {
        let next = self.runs.lock().unwrap().pop();
        self.started.fetch_add(1, Ordering::SeqCst);
        self.on_start.notify_one();
        let progress = match next {
            Some(Run::More) => Progress::More,
            Some(Run::Fail) => return Err("the database is down".into()),
            Some(Run::Panic) => panic!("at the disco"),
            Some(Run::Hang) => std::future::pending().await,
            Some(Run::Until(gate)) => {
                gate.notified().await;
                Progress::Done
            }
            Some(Run::Done) | None => Progress::Done,
        };
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(progress)
    }
}

/// One lock server for all instances of a test.
#[derive(Clone, Default)]
pub(crate) struct FakeLeader(Arc<LeaderState>);

#[derive(Default)]
struct LeaderState {
    holder: Mutex<Option<Arc<AtomicBool>>>,
    down: AtomicBool,
    asked: AtomicUsize,
    ttls: Mutex<Vec<Duration>>,
}

impl FakeLeader {
    /// Another instance, which never lets go, takes the lead.
    pub(crate) fn taken(&self) {
        *self.holder() = Some(Arc::default());
    }

    /// The lock is gone, as after the death of its holder.
    pub(crate) fn freed(&self) {
        *self.holder() = None;
    }

    /// The holder learns that it lost the lock to another instance.
    pub(crate) fn lost_to_another(&self) {
        let lost = self.holder().replace(Arc::default());
        lost.unwrap().store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_held(&self) -> bool {
        self.holder().is_some()
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
    }

    pub(crate) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn ttls(&self) -> Vec<Duration> {
        self.0.ttls.lock().unwrap().clone()
    }

    fn holder(&self) -> MutexGuard<'_, Option<Arc<AtomicBool>>> {
        self.0.holder.lock().unwrap()
    }
}

#[async_trait]
impl Leader for FakeLeader {
    async fn acquire(
        &self,
        _task: &'static str,
        ttl: Duration,
    ) -> Result<Option<Box<dyn Leadership>>, LeaderError> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        self.0.ttls.lock().unwrap().push(ttl);
        if self.0.down.load(Ordering::SeqCst) {
            return Err("connection refused".into());
        }
        let mut holder = self.holder();
        if holder.is_some() {
            return Ok(None);
        }
        let lost = Arc::new(AtomicBool::new(false));
        *holder = Some(Arc::clone(&lost));
        Ok(Some(Box::new(FakeLeadership { leader: self.clone(), lost })))
    }
}

struct FakeLeadership {
    leader: FakeLeader,
    lost: Arc<AtomicBool>,
}

#[async_trait]
impl Leadership for FakeLeadership {
    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    async fn release(self: Box<Self>) {
        let mut holder = self.leader.holder();
        if holder.as_ref().is_some_and(|holder| Arc::ptr_eq(holder, &self.lost)) {
            *holder = None;
        }
    }
}
