//! Runs that happen once in each slot of time, whoever leads.

use std::{sync::Arc, time::Duration};

use runtime::Supervisor;
use task_worker::{Periodic, Schedule};
use testkit::{Blow, Chaos, FixedClock, MemStore, Moment};
use tokio::time::sleep;

use crate::{
    fakes::{FakeLeader, Run, Script, StoppedClock},
    periodic::{is, metric, schedule, supervisor},
};

const INTERVAL: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(100);

/// Storage whose clock goes as fast as that of the test.
struct Stage {
    store: MemStore,
    clock: Arc<FixedClock>,
    chaos: Chaos,
    leader: FakeLeader,
    supervisor: Supervisor,
}

impl Stage {
    fn new() -> Self {
        let (chaos, clock) = (Chaos::default(), Arc::new(FixedClock::default()));
        let store = MemStore::new(chaos.clone()).with_clock(clock.clone());
        let supervisor = supervisor();
        let ticking = clock.clone();
        supervisor.spawn_loop("time", move |stop| {
            let ticking = ticking.clone();
            async move {
                while !stop.is_stopping() {
                    sleep(STEP).await;
                    ticking.advance(STEP);
                }
            }
        });
        Self { store, clock, chaos, leader: FakeLeader::default(), supervisor }
    }

    fn spawn(&self, name: &'static str, task: &Arc<Script>) {
        let schedule = Schedule { interval: INTERVAL, ..schedule(name) };
        Periodic::new(schedule, task.clone(), Arc::new(StoppedClock))
            .led_by(Arc::new(self.leader.clone()))
            .slotted_by(Arc::new(self.store.clone()), "worker")
            .spawn(&self.supervisor);
    }
}

#[tokio::test(start_paused = true)]
async fn every_slot_is_run_once_without_a_leader() {
    let (stage, first, second) = (Stage::new(), Script::new([]), Script::new([]));
    stage.leader.set_down(true);
    stage.spawn("slotted", &first);
    stage.spawn("slotted", &second);
    sleep(INTERVAL * 20).await;
    let runs = first.starts() + second.starts();
    assert!((20..=21).contains(&runs), "{runs} runs in twenty slots");
    assert!(metric("task_runs_total", "slotted", "slot_taken") >= 15.0);
    assert!(is(metric("task_slots_missed_total", "slotted", ""), 0.0));
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_run_until_nothing_is_left_and_not_again_after_a_failure() {
    let stage = Stage::new();
    let task = Script::new([Run::More, Run::More, Run::Done, Run::Fail]);
    stage.spawn("slotted-more", &task);
    sleep(INTERVAL).await;
    assert_eq!((task.starts(), task.ends()), (3, 3));
    sleep(INTERVAL + STEP).await;
    assert_eq!((task.starts(), task.ends()), (4, 3));
    sleep(INTERVAL).await;
    // Pauses vary by a tenth, so the next slot may have begun as well.
    assert!((5..=6).contains(&task.starts()), "{}", task.starts());
    assert_eq!(task.ends(), task.starts() - 1);
}

#[tokio::test(start_paused = true)]
async fn slots_that_nobody_took_are_counted_and_not_made_up_for() {
    let (stage, task) = (Stage::new(), Script::new([]));
    stage.spawn("slotted-missed", &task);
    task.on_start.notified().await;
    stage.clock.advance(INTERVAL * 5);
    sleep(INTERVAL * 2).await;
    assert!(task.starts() <= 4, "{} runs", task.starts());
    assert!(metric("task_slots_missed_total", "slotted-missed", "") >= 4.0);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_overtaken_learns_it() {
    let stage = Stage::new();
    stage.leader.set_down(true);
    let gate = Arc::default();
    let slow = Script::new([Run::Until(Arc::clone(&gate))]);
    stage.spawn("slotted-slow", &slow);
    slow.on_start.notified().await;
    let next = Script::new([]);
    stage.spawn("slotted-slow", &next);
    next.on_start.notified().await;
    gate.notify_one();
    sleep(STEP).await;
    assert_eq!((slow.ends(), next.ends()), (1, 1));
    assert!(is(metric("task_terms_lost_total", "slotted-slow", ""), 1.0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_run_while_storage_gives_out_no_slots() {
    let (stage, task) = (Stage::new(), Script::new([]));
    for _ in 0..2 {
        stage.chaos.strike_next("begin_term", Moment::Before, Blow::Fail);
    }
    stage.spawn("slotted-down", &task);
    sleep(INTERVAL).await;
    assert_eq!(task.starts(), 0);
    sleep(INTERVAL * 3).await;
    assert!(task.starts() >= 1);
    assert!(is(metric("task_runs_total", "slotted-down", "failed"), 2.0));
}
