//! A slow place takes up no more of a worker than a fast one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    ids::TaskId,
    tasks::{
        Claim, Done, FailureClass, Policy, Subject, TaskFailure, TaskHandler, TaskKind, Watch,
    },
};
use task_worker::Lanes;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

/// Each place takes as many milliseconds as its name says.
#[derive(Default)]
struct Walk {
    seen: Mutex<HashMap<String, Seen>>,
}

#[derive(Default, Clone, Copy)]
struct Seen {
    now: usize,
    most: usize,
    done: usize,
}

impl Walk {
    fn of(&self, place: &str) -> Seen {
        self.seen.lock().unwrap().get(place).copied().unwrap_or_default()
    }

    fn change(&self, place: &str, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.lock().unwrap();
        let seen = seen.entry(place.to_owned()).or_default();
        change(seen);
        seen.most = seen.most.max(seen.now);
    }
}

#[async_trait]
impl TaskHandler for Walk {
    fn kind(&self) -> TaskKind {
        TaskKind::DeliverHook
    }

    fn policy(&self) -> Policy {
        Policy {
            max_attempts: 3,
            timeout: Duration::from_secs(30),
            backoff: Duration::from_secs(1),
            backoff_cap: Duration::from_secs(1),
            concurrency: 8,
        }
    }

    async fn run(&self, claim: &Claim, _: &dyn Watch) -> Result<Done, TaskFailure> {
        let place = claim.subject.as_str().split_once(':').unwrap().0;
        self.change(place, |seen| seen.now += 1);
        sleep(Duration::from_millis(place.parse().unwrap())).await;
        self.change(place, |seen| {
            seen.now -= 1;
            seen.done += 1;
        });
        Ok(Done::Finished)
    }
}

struct Calm;

impl Watch for Calm {
    fn is_stopping(&self) -> bool {
        false
    }

    fn remaining(&self) -> Duration {
        Duration::MAX
    }
}

fn claim(place: u64, number: i64) -> Claim {
    Claim {
        id: TaskId::new(number),
        token: 1,
        kind: TaskKind::DeliverHook,
        subject: Subject::parse(&format!("{place}:{number}")).unwrap(),
        attempt: 1,
        lease: Duration::from_secs(30),
        waited: Duration::ZERO,
        rescued: false,
        trace: None,
    }
}

/// Begins that many tries at once and waits for all: how long each of those was put off that were.
async fn crowd(lanes: &Arc<Lanes>, place: u64, size: i64) -> Vec<Duration> {
    let mut tries = JoinSet::new();
    for number in 0..size {
        let lanes = Arc::clone(lanes);
        tries.spawn(async move { lanes.run(&claim(place, number), &Calm).await });
    }
    let mut pauses = Vec::new();
    while let Some(ended) = tries.join_next().await {
        match ended.unwrap() {
            Ok(done) => assert_eq!(done, Done::Finished),
            Err(TaskFailure { class: FailureClass::Snooze(pause), .. }) => pauses.push(pause),
            Err(failure) => panic!("{failure}"),
        }
    }
    pauses.sort_unstable();
    pauses
}

#[tokio::test(start_paused = true)]
async fn lets_two_at_a_time_go_to_the_same_place() {
    let walk = Arc::new(Walk::default());
    let lanes = Arc::new(Lanes::new(walk.clone(), 2));
    let pauses = crowd(&lanes, 20, 10).await;
    assert_eq!(pauses, [], "a moment is worth waiting for");
    let seen = walk.of("20");
    assert_eq!((seen.most, seen.done, seen.now), (2, 10, 0));
}

/// Who cannot go soon is put off at once, one behind the other, and does not wait in memory.
#[tokio::test(start_paused = true)]
async fn puts_off_who_would_wait_for_long() {
    let walk = Arc::new(Walk::default());
    let lanes = Arc::new(Lanes::new(walk.clone(), 2));
    crowd(&lanes, 3000, 2).await;
    crowd(&lanes, 3000, 2).await;
    let started = Instant::now();
    let pauses = crowd(&lanes, 3000, 100).await;
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!((walk.of("3000").most, walk.of("3000").done, pauses.len()), (2, 6, 98));
    assert!(pauses.is_sorted() && pauses[0] >= Duration::from_secs(1), "{pauses:?}");
    let spread = pauses[90].saturating_sub(pauses[10]);
    assert!(spread > Duration::from_mins(1), "they come back one by one: {spread:?}");
}

#[tokio::test(start_paused = true)]
async fn other_places_are_not_held_up() {
    let walk = Arc::new(Walk::default());
    let lanes = Arc::new(Lanes::new(walk.clone(), 2));
    crowd(&lanes, 3000, 2).await;
    let slow = Arc::clone(&lanes);
    let busy = async move { crowd(&slow, 3000, 50).await };
    let quick = async {
        let started = Instant::now();
        let pauses = crowd(&lanes, 5, 10).await;
        (pauses.len(), started.elapsed())
    };
    let (_, (put_off, took)) = tokio::join!(busy, quick);
    assert_eq!(put_off, 0);
    assert!(took < Duration::from_millis(100), "{took:?}");
}

/// A try that is dropped in the middle gives its turn back.
#[tokio::test(start_paused = true)]
async fn a_dropped_try_leaves_its_place() {
    let walk = Arc::new(Walk::default());
    let lanes = Arc::new(Lanes::new(walk.clone(), 1));
    let first = claim(60_000, 1);
    let dropped = tokio::time::timeout(Duration::from_millis(10), lanes.run(&first, &Calm)).await;
    assert!(dropped.is_err());
    assert_eq!(crowd(&lanes, 60_000, 1).await, []);
}
