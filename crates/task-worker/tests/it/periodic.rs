use std::{sync::Arc, time::Duration};

use runtime::{Exit, Supervisor, telemetry::metrics_handle};
use task_worker::{Periodic, Schedule};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use crate::fakes::{FakeLeader, Run, Script, StoppedClock};

const INTERVAL: Duration = Duration::from_secs(10);
/// Long enough for whatever is due at once; short against every interval.
const MOMENT: Duration = Duration::from_millis(50);

pub(crate) fn schedule(name: &'static str) -> Schedule {
    Schedule {
        name,
        interval: INTERVAL,
        timeout: Duration::from_mins(2),
        lock: Duration::from_secs(30),
        standby: None,
    }
}

fn periodic(name: &'static str, task: &Arc<Script>) -> Periodic {
    Periodic::new(schedule(name), task.clone(), Arc::new(StoppedClock))
}

pub(crate) fn supervisor() -> Supervisor {
    // What is counted before the recorder is in place is not counted.
    metrics_handle().unwrap();
    Supervisor::new(Duration::from_mins(5))
}

/// The value of the metric whose line starts with `name{…task="task"…}`.
pub(crate) fn metric(name: &str, task: &str, more: &str) -> f64 {
    let text = metrics_handle().unwrap().render();
    let label = format!("task=\"{task}\"");
    text.lines()
        .find(|line| line.starts_with(name) && line.contains(&label) && line.contains(more))
        .and_then(|line| line.rsplit(' ').next())
        .map_or(0.0, |value| value.parse().unwrap())
}

pub(crate) fn is(value: f64, expected: f64) -> bool {
    (value - expected).abs() < f64::EPSILON
}

#[tokio::test(start_paused = true)]
async fn runs_at_its_interval_give_or_take_a_tenth() {
    let (task, supervisor) = (Script::new([]), supervisor());
    periodic("steady", &task).spawn(&supervisor);
    let mut starts = Vec::new();
    for _ in 0..20 {
        task.on_start.notified().await;
        starts.push(Instant::now());
    }
    let pauses: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let near = Duration::from_secs(9)..=Duration::from_millis(11_010);
    assert!(pauses.iter().all(|pause| near.contains(pause)), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause != pauses[0]), "no jitter: {pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn runs_again_at_once_while_there_is_more() {
    let (task, supervisor) = (Script::new([Run::More, Run::More, Run::Done]), supervisor());
    periodic("more", &task).spawn(&supervisor);
    task.on_start.notified().await;
    sleep(MOMENT).await;
    assert_eq!(task.starts(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_poke_ends_the_pause() {
    let (task, supervisor, poke) = (Script::new([]), supervisor(), Arc::new(Notify::new()));
    periodic("poked", &task).poked_by(&poke).spawn(&supervisor);
    task.on_start.notified().await;
    sleep(MOMENT).await;
    let poked = Instant::now();
    poke.notify_one();
    task.on_start.notified().await;
    assert!(poked.elapsed() < Duration::from_millis(5));
}

#[tokio::test(start_paused = true)]
async fn a_poke_during_a_run_makes_it_run_once_more() {
    let (gate, poke) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (task, supervisor) = (Script::new([Run::Until(gate.clone())]), supervisor());
    periodic("poked-late", &task).poked_by(&poke).spawn(&supervisor);
    task.on_start.notified().await;
    poke.notify_one();
    gate.notify_one();
    sleep(MOMENT).await;
    assert_eq!(task.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn only_the_leader_runs_and_keeps_the_lead_between_runs() {
    let leader = FakeLeader::default();
    let (first, second, supervisor) = (Script::new([]), Script::new([]), supervisor());
    periodic("led", &first).led_by(Arc::new(leader.clone())).spawn(&supervisor);
    first.on_start.notified().await;
    periodic("led-too", &second).led_by(Arc::new(leader.clone())).spawn(&supervisor);
    sleep(INTERVAL * 6).await;
    assert!(first.starts() >= 5);
    assert_eq!(second.starts(), 0);
    assert!(is(metric("task_leader", "led", ""), 1.0));
    assert!(is(metric("task_leader", "led-too", ""), 0.0));
    assert!(metric("task_runs_total", "led-too", "skipped") >= 5.0);
    assert_eq!(leader.ttls().first(), Some(&Duration::from_secs(30)));
}

#[tokio::test(start_paused = true)]
async fn a_lock_outlives_two_intervals() {
    let (leader, task, supervisor) = (FakeLeader::default(), Script::new([]), supervisor());
    let slow = Schedule { interval: Duration::from_mins(5), ..schedule("slow") };
    let slow = Periodic::new(slow, task.clone(), Arc::new(StoppedClock));
    slow.led_by(Arc::new(leader.clone())).spawn(&supervisor);
    task.on_start.notified().await;
    assert_eq!(leader.ttls(), [Duration::from_mins(10)]);
}

#[tokio::test(start_paused = true)]
async fn takes_over_when_the_lock_is_free() {
    let (leader, task, supervisor) = (FakeLeader::default(), Script::new([]), supervisor());
    leader.taken();
    periodic("heir", &task).led_by(Arc::new(leader.clone())).spawn(&supervisor);
    sleep(INTERVAL * 3).await;
    assert_eq!(task.starts(), 0);
    leader.freed();
    task.on_start.notified().await;
    assert!(leader.is_held());
}

#[tokio::test(start_paused = true)]
async fn stops_running_once_the_lead_is_lost() {
    let (leader, task, supervisor) = (FakeLeader::default(), Script::new([]), supervisor());
    periodic("loser", &task).led_by(Arc::new(leader.clone())).spawn(&supervisor);
    task.on_start.notified().await;
    sleep(MOMENT).await;
    leader.lost_to_another();
    sleep(INTERVAL * 3).await;
    assert_eq!(task.starts(), 1);
    assert!(is(metric("task_leader", "loser", ""), 0.0));
}

#[tokio::test(start_paused = true)]
async fn a_follower_ignores_pokes() {
    let (leader, poke) = (FakeLeader::default(), Arc::new(Notify::new()));
    let (task, supervisor) = (Script::new([]), supervisor());
    leader.taken();
    let follower = periodic("follower", &task).led_by(Arc::new(leader.clone()));
    follower.poked_by(&poke).spawn(&supervisor);
    for _ in 0..100 {
        poke.notify_one();
        sleep(INTERVAL / 100).await;
    }
    assert!(leader.asked() <= 3, "{}", leader.asked());
    assert_eq!(task.starts(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_standby_runs_now_and_then() {
    let (leader, task, supervisor) = (FakeLeader::default(), Script::new([]), supervisor());
    leader.taken();
    let schedule = Schedule { standby: Some(INTERVAL * 3), ..schedule("standby") };
    let standby = Periodic::new(schedule, task.clone(), Arc::new(StoppedClock));
    standby.led_by(Arc::new(leader.clone())).spawn(&supervisor);
    sleep(INTERVAL * 2).await;
    assert_eq!(task.starts(), 0);
    sleep(INTERVAL * 10).await;
    assert!((2..=4).contains(&task.starts()), "{}", task.starts());
}

#[tokio::test(start_paused = true)]
async fn runs_without_a_lock_server_and_says_so() {
    let (leader, task, supervisor) = (FakeLeader::default(), Script::new([]), supervisor());
    leader.set_down(true);
    periodic("alone", &task).led_by(Arc::new(leader.clone())).spawn(&supervisor);
    sleep(INTERVAL * 6).await;
    assert!(task.starts() >= 5);
    assert!(metric("task_unguarded_runs_total", "alone", "") >= 5.0);
    leader.set_down(false);
    sleep(INTERVAL * 2).await;
    assert!(leader.is_held());
}

#[tokio::test(start_paused = true)]
async fn asks_a_dead_lock_server_once_a_second_at_most() {
    let (leader, supervisor) = (FakeLeader::default(), supervisor());
    leader.set_down(true);
    let task = Script::new((0..100).map(|_| Run::More));
    periodic("eager", &task).led_by(Arc::new(leader.clone())).spawn(&supervisor);
    task.on_start.notified().await;
    sleep(MOMENT).await;
    assert_eq!((task.starts(), leader.asked()), (101, 1));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_the_run_finish_and_then_releases_the_lock() {
    let (leader, gate) = (FakeLeader::default(), Arc::new(Notify::new()));
    let (task, supervisor) = (Script::new([Run::Until(gate.clone())]), supervisor());
    periodic("last", &task).led_by(Arc::new(leader.clone())).spawn(&supervisor);
    task.on_start.notified().await;
    supervisor.stop().soft.cancel();
    sleep(INTERVAL).await;
    assert_eq!((task.starts(), task.ends()), (1, 0));
    assert!(leader.is_held(), "released in the middle of a run");
    gate.notify_one();
    assert_eq!(supervisor.wait().await, Exit::Clean);
    assert_eq!((task.starts(), task.ends()), (1, 1));
    assert!(!leader.is_held());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_begins_no_further_run() {
    let gate = Arc::new(Notify::new());
    let more = [Run::Until(gate.clone()), Run::More, Run::More];
    let (task, supervisor) = (Script::new(more), supervisor());
    periodic("enough", &task).spawn(&supervisor);
    task.on_start.notified().await;
    supervisor.stop().soft.cancel();
    gate.notify_one();
    assert_eq!(supervisor.wait().await, Exit::Clean);
    assert_eq!(task.starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_the_next_run() {
    let (task, supervisor) = (Script::new([]), supervisor());
    periodic("idle", &task).spawn(&supervisor);
    task.on_start.notified().await;
    sleep(MOMENT).await;
    supervisor.stop().soft.cancel();
    let waited = timeout(Duration::from_millis(1), supervisor.wait()).await;
    assert_eq!(waited.unwrap(), Exit::Clean);
}

#[tokio::test(start_paused = true)]
async fn a_panic_restarts_the_task_under_the_lock_it_has() {
    let (leader, supervisor) = (FakeLeader::default(), supervisor());
    let task = Script::new([Run::Panic, Run::Done]);
    periodic("clumsy", &task).led_by(Arc::new(leader.clone())).spawn(&supervisor);
    task.on_start.notified().await;
    timeout(INTERVAL, task.on_start.notified()).await.unwrap();
    assert_eq!(leader.asked(), 1);
    assert!(is(metric("task_panics_total", "clumsy", ""), 1.0));
    supervisor.stop().soft.cancel();
    assert_eq!(supervisor.wait().await, Exit::Clean);
    assert!(!leader.is_held());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_hangs_is_given_up() {
    let (task, supervisor) = (Script::new([Run::Hang, Run::Done]), supervisor());
    periodic("stuck", &task).spawn(&supervisor);
    task.on_start.notified().await;
    let hung = Instant::now();
    task.on_start.notified().await;
    let gone = hung.elapsed();
    assert!(gone >= Duration::from_mins(2) && gone < Duration::from_mins(3), "{gone:?}");
    sleep(MOMENT).await;
    assert!(is(metric("task_runs_total", "stuck", "timeout"), 1.0));
    assert!(is(metric("task_runs_total", "stuck", "ok"), 1.0));
}

#[tokio::test(start_paused = true)]
async fn failures_slow_a_fast_task_down_and_pokes_do_not_hurry_it() {
    let poke = Arc::new(Notify::new());
    let (task, supervisor) = (Script::new((0..100).map(|_| Run::Fail)), supervisor());
    let fast = Schedule { interval: Duration::from_millis(250), ..schedule("failing") };
    let fast = Periodic::new(fast, task.clone(), Arc::new(StoppedClock));
    fast.poked_by(&poke).spawn(&supervisor);
    for _ in 0..600 {
        poke.notify_one();
        sleep(Duration::from_millis(100)).await;
    }
    assert!((12..=20).contains(&task.starts()), "{}", task.starts());
    assert!(is(metric("task_last_success_timestamp_seconds", "failing", ""), 0.0));
}

#[tokio::test(start_paused = true)]
async fn tells_when_it_last_succeeded_and_how_long_it_took() {
    let (task, supervisor) = (Script::new([Run::Done]), supervisor());
    periodic("measured", &task).spawn(&supervisor);
    task.on_start.notified().await;
    sleep(MOMENT).await;
    let at = metric("task_last_success_timestamp_seconds", "measured", "");
    assert!(is(at, 1_795_168_800.0));
    assert!(is(metric("task_run_seconds_count", "measured", ""), 1.0));
}
