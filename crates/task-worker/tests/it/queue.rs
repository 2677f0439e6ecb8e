//! How durable tasks are claimed, run and ended.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    ids::OrderId,
    store::Store,
    tasks::{
        Claim, DeadLetters, Done, FailureClass, NewTask, Policy, Subject, TaskFailure, TaskHandler,
        TaskKind, TaskQueue, TaskState, Wanted, Watch,
    },
};
use runtime::{Exit, Supervisor, telemetry::metrics_handle};
use task_worker::{Canary, Executor, QueueSettings};
use testkit::{Blow, Chaos, FixedClock, MemStore, Moment};
use tokio::{sync::Notify, time::sleep};

const LEASE: Duration = Duration::from_secs(30);
const KIND: TaskKind = TaskKind::CloseUpstream;
/// Longer than the longest pause between two looks at the queue.
const SOON: Duration = Duration::from_millis(1_100);

/// What one try does.
enum Try {
    Fail(FailureClass),
    Panic,
    Hang,
    /// Goes on when the gate opens.
    Until(Arc<Notify>),
}

/// Does what is in its list, then succeeds.
#[derive(Default)]
struct Script {
    tries: Mutex<Vec<Try>>,
    started: AtomicUsize,
    ended: AtomicUsize,
    on_start: Notify,
    told_to_stop: AtomicUsize,
}

impl Script {
    fn new(tries: impl IntoIterator<Item = Try>) -> Arc<Self> {
        let mut tries: Vec<_> = tries.into_iter().collect();
        tries.reverse();
        Arc::new(Self { tries: Mutex::new(tries), ..Self::default() })
    }

    fn starts(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    fn ends(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TaskHandler for Script {
    fn kind(&self) -> TaskKind {
        KIND
    }

    fn policy(&self) -> Policy {
        Policy {
            max_attempts: 3,
            timeout: Duration::from_mins(2),
            backoff: Duration::from_secs(10),
            backoff_cap: Duration::from_mins(1),
            concurrency: 2,
        }
    }

    async fn run(&self, _: &Claim, watch: &dyn Watch) -> Result<Done, TaskFailure> {
        let next = self.tries.lock().unwrap().pop();
        self.started.fetch_add(1, Ordering::SeqCst);
        self.on_start.notify_one();
        assert!(watch.remaining() <= Duration::from_mins(2));
        match next {
            Some(Try::Fail(class)) => return Err(TaskFailure::new(class, "no answer")),
            Some(Try::Panic) => panic!("at the disco"),
            Some(Try::Hang) => std::future::pending().await,
            Some(Try::Until(gate)) => gate.notified().await,
            None => {}
        }
        self.told_to_stop.fetch_add(usize::from(watch.is_stopping()), Ordering::SeqCst);
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ok(Done::Unfinished)
    }
}

/// A queue in memory, its clock, what can go wrong, and who ends the executor.
struct Stage {
    store: MemStore,
    clock: Arc<FixedClock>,
    chaos: Chaos,
    supervisor: Supervisor,
    foreign: Vec<String>,
}

impl Stage {
    fn new() -> Self {
        // What is counted before the recorder is in place is not counted.
        metrics_handle().unwrap();
        let (chaos, clock) = (Chaos::default(), Arc::new(FixedClock::default()));
        let store = MemStore::new(chaos.clone()).with_clock(clock.clone());
        let supervisor = Supervisor::new(Duration::from_mins(5));
        Self { store, clock, chaos, supervisor, foreign: Vec::new() }
    }

    async fn enqueue(&self, number: i64) {
        self.store.enqueue_now(&NewTask::new(KIND, OrderId::new(number))).await.unwrap();
    }

    fn executor(&self, handler: Arc<dyn TaskHandler>) -> Executor {
        let settings = QueueSettings {
            worker: "worker".to_owned(),
            lease: LEASE,
            foreign: self.foreign.clone(),
        };
        Executor::new(Arc::new(self.store.clone()), [handler], settings)
    }

    fn start(&self, handler: &Arc<Script>) {
        self.executor(handler.clone()).spawn(&self.supervisor);
    }

    /// Waiting, running and dead.
    async fn counts(&self) -> (i64, i64, i64) {
        let stats = self.store.stats().await.unwrap();
        stats.first().map_or((0, 0, 0), |stats| (stats.waiting, stats.running, stats.dead))
    }

    async fn claim(&self) -> Vec<Claim> {
        let wanted = Wanted { kind: KIND, room: 1, lease: LEASE, max_attempts: 100 };
        self.store.claim(&[wanted], "another").await.unwrap().claims
    }
}

fn metric(name: &str, more: &str) -> f64 {
    let text = metrics_handle().unwrap().render();
    let label = format!("kind=\"{KIND}\"");
    text.lines()
        .find(|line| line.starts_with(name) && line.contains(&label) && line.contains(more))
        .and_then(|line| line.rsplit(' ').next())
        .map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn does_what_is_due_and_nothing_twice() {
    let (stage, script) = (Stage::new(), Script::new([]));
    for number in 0..10 {
        stage.enqueue(number).await;
    }
    stage.start(&script);
    sleep(SOON).await;
    assert_eq!((script.starts(), stage.counts().await), (10, (0, 0, 0)));
    stage.enqueue(1).await;
    sleep(SOON).await;
    assert_eq!((script.starts(), stage.counts().await), (11, (0, 0, 0)));
    assert!(metric("queue_runs_total", "done") >= 11.0);
}

#[tokio::test(start_paused = true)]
async fn a_poke_ends_the_pause() {
    let (stage, script, poke) = (Stage::new(), Script::new([]), Arc::new(Notify::new()));
    stage.executor(script.clone()).poked_by(&poke).spawn(&stage.supervisor);
    sleep(Duration::from_millis(1)).await;
    for number in 0..20 {
        stage.enqueue(number).await;
        poke.notify_one();
        sleep(Duration::from_millis(1)).await;
        assert_eq!(script.ends(), usize::try_from(number).unwrap() + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn runs_no_more_side_by_side_than_the_handler_likes() {
    let gates: Vec<_> = (0..3).map(|_| Arc::new(Notify::new())).collect();
    let (stage, script) = (Stage::new(), Script::new(gates.iter().cloned().map(Try::Until)));
    for number in 0..5 {
        stage.enqueue(number).await;
    }
    stage.start(&script);
    sleep(SOON * 3).await;
    assert_eq!((script.starts(), stage.counts().await), (2, (3, 2, 0)));
    gates[0].notify_one();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(script.starts(), 3);
    gates[1].notify_one();
    gates[2].notify_one();
    sleep(SOON).await;
    assert_eq!((script.ends(), stage.counts().await), (5, (0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn tries_again_what_failed_and_gives_up_in_the_end() {
    let stage = Stage::new();
    let again = || Try::Fail(FailureClass::Transient);
    let script = Script::new([again(), Try::Panic, again()]);
    stage.enqueue(1).await;
    stage.start(&script);
    for tries in 1..=3 {
        sleep(SOON).await;
        assert_eq!(script.starts(), tries);
        // The longest pause of the policy, on the clock of the storage.
        stage.clock.advance(Duration::from_mins(1));
    }
    sleep(SOON).await;
    assert_eq!((script.starts(), stage.counts().await), (3, (0, 0, 1)));
    assert!(metric("queue_dead_letters_total", "exhausted") >= 1.0);
}

#[tokio::test(start_paused = true)]
async fn the_class_of_a_failure_decides() {
    for (class, counts) in [
        (FailureClass::Permanent, (0, 0, 1)),
        (FailureClass::Transient, (1, 0, 0)),
        (FailureClass::Throttled(Duration::from_hours(1)), (1, 0, 0)),
        (FailureClass::Snooze(Duration::from_hours(1)), (1, 0, 0)),
        (FailureClass::Lost, (0, 1, 0)),
    ] {
        let (stage, script) = (Stage::new(), Script::new([Try::Fail(class)]));
        stage.enqueue(1).await;
        stage.start(&script);
        script.on_start.notified().await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(stage.counts().await, counts, "{class:?}");
        stage.clock.advance(Duration::from_mins(10));
        sleep(SOON).await;
        let patient = matches!(class, FailureClass::Throttled(_) | FailureClass::Snooze(_));
        let more = usize::from(!patient && class != FailureClass::Permanent);
        assert_eq!(script.starts(), 1 + more, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn gives_up_a_try_that_takes_too_long() {
    let (stage, script) = (Stage::new(), Script::new([Try::Hang]));
    stage.enqueue(1).await;
    stage.start(&script);
    script.on_start.notified().await;
    sleep(Duration::from_secs(119)).await;
    assert_eq!(stage.counts().await, (0, 1, 0));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.counts().await, (1, 0, 0));
    let renewals = stage.chaos.calls().iter().filter(|call| **call == "extend").count();
    assert!((10..=12).contains(&renewals), "{renewals} renewals in two minutes");
    let stored = stage.store.task(domain::ids::TaskId::new(1)).await.unwrap().unwrap();
    assert_eq!(stored.last_error.as_deref(), Some("took too long"));
}

#[tokio::test(start_paused = true)]
async fn an_ending_process_finishes_what_it_began_and_begins_nothing() {
    let gate = Arc::new(Notify::new());
    let (stage, script) = (Stage::new(), Script::new([Try::Until(gate.clone())]));
    stage.enqueue(1).await;
    stage.start(&script);
    script.on_start.notified().await;
    stage.supervisor.stop().soft.cancel();
    stage.enqueue(2).await;
    sleep(Duration::from_mins(1)).await;
    assert_eq!((script.starts(), script.ends()), (1, 0));
    gate.notify_one();
    let store = stage.store.clone();
    assert_eq!(stage.supervisor.wait().await, Exit::Clean);
    assert_eq!((script.starts(), script.ends()), (1, 1));
    assert_eq!(script.told_to_stop.load(Ordering::SeqCst), 1);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats[0].waiting, stats[0].running), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_claimed_too_late_is_given_back() {
    let (stage, script) = (Stage::new(), Script::new([]));
    stage.enqueue(1).await;
    stage.chaos.interleave();
    // Each call begins with a turn for others: after this one, the claim is under way.
    let (chaos, soft) = (stage.chaos.clone(), stage.supervisor.stop().soft);
    let end_between = async move {
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if chaos.calls().contains(&"kinds") { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        soft.cancel();
    };
    stage.supervisor.spawn_once("end", end_between);
    stage.start(&script);
    let (store, chaos) = (stage.store.clone(), stage.chaos.clone());
    assert_eq!(stage.supervisor.wait().await, Exit::Clean);
    assert_eq!(script.starts(), 0);
    assert!(chaos.calls().contains(&"release"));
    let stored = store.task(domain::ids::TaskId::new(1)).await.unwrap().unwrap();
    assert!(matches!(stored.state, TaskState::Waiting { .. }));
    assert_eq!(stored.attempt, 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_believed_dead_changes_nothing() {
    let stage = Stage::new();
    let before = metric("queue_zombie_finishes_total", "");
    let gate = Arc::new(Notify::new());
    let script = Script::new([Try::Until(gate.clone())]);
    stage.enqueue(1).await;
    stage.start(&script);
    script.on_start.notified().await;
    stage.clock.advance(LEASE);
    let newer = stage.claim().await.pop().unwrap();
    assert!(newer.rescued);
    // Its next renewal tells the handler, and its end is refused.
    sleep(LEASE).await;
    gate.notify_one();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(script.told_to_stop.load(Ordering::SeqCst), 1);
    assert!(metric("queue_zombie_finishes_total", "") > before);
    assert_eq!(stage.counts().await, (0, 1, 0));
    assert!(stage.store.finish(&newer).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_canary_that_lost_its_claim_does_not_sing() {
    let stage = Stage::new();
    let subject = Subject::parse("drill:60000").unwrap();
    stage.store.enqueue_now(&NewTask::new(TaskKind::Canary, subject)).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(stage.store.clone());
    stage.executor(Arc::new(Canary::new(store))).spawn(&stage.supervisor);
    sleep(SOON).await;
    stage.clock.advance(LEASE);
    let wanted = Wanted { kind: TaskKind::Canary, room: 1, lease: LEASE, max_attempts: 9 };
    let newer = stage.store.claim(&[wanted], "another").await.unwrap().claims.pop().unwrap();
    sleep(Duration::from_mins(2)).await;
    assert_eq!(stage.store.songs().await, []);
    stage.store.release(&[newer]).await.unwrap();
    sleep(Duration::from_mins(2)).await;
    assert_eq!(stage.store.songs().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn refuses_to_start_beside_tasks_that_nobody_would_do() {
    let stage = Stage::new();
    stage.enqueue(1).await;
    let canary = NewTask::new(TaskKind::Canary, Subject::parse("pulse").unwrap());
    stage.store.enqueue_now(&canary).await.unwrap();
    stage.start(&Script::new([]));
    assert_eq!(stage.supervisor.wait().await, Exit::Failed);
}

#[tokio::test(start_paused = true)]
async fn leaves_to_another_build_what_it_is_told_to() {
    let mut stage = Stage::new();
    stage.foreign = vec!["canary".to_owned()];
    let script = Script::new([]);
    stage.enqueue(1).await;
    let canary = NewTask::new(TaskKind::Canary, Subject::parse("pulse").unwrap());
    stage.store.enqueue_now(&canary).await.unwrap();
    stage.start(&script);
    sleep(SOON).await;
    assert_eq!((script.ends(), stage.counts().await), (1, (1, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn waits_for_storage_that_is_away() {
    let (stage, script) = (Stage::new(), Script::new([]));
    stage.enqueue(1).await;
    for method in ["kinds", "claim", "finish"] {
        stage.chaos.strike_next(method, Moment::Before, Blow::Fail);
    }
    stage.start(&script);
    sleep(Duration::from_secs(10)).await;
    assert!(!stage.chaos.is_pending());
    assert_eq!((script.starts(), stage.counts().await), (1, (0, 0, 0)));
}
