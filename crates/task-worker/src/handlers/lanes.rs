use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::tasks::{Claim, Done, Policy, TaskFailure, TaskHandler, TaskKind, Watch};
use metrics::counter;
use tokio::{sync::Notify, time::Instant};

/// Lets only a few tries at a time go to the same place, so that a slow one takes up no more of a
/// worker than a fast one.
///
/// The place is what stands before the colon of a task's subject. Those for whom there is no room
/// wait here if it takes a moment only; otherwise their tasks are put off, each for as long as
/// those in front of it will take, so that a long queue is not asked again and again.
pub struct Lanes {
    inner: Arc<dyn TaskHandler>,
    width: usize,
    places: Mutex<HashMap<String, Lane>>,
}

/// What is known of a place.
struct Lane {
    running: usize,
    waiting: usize,
    /// How long a try takes there of late.
    usual: Duration,
    /// When the last of those that were put off has its turn.
    booked_until: Instant,
    freed: Arc<Notify>,
}

impl Lanes {
    /// Longest time for which a try waits for its turn in memory.
    const MOMENT: Duration = Duration::from_millis(500);
    /// Tries that wait for one place: few enough that several such places leave room for others.
    const WAITING: usize = 16;
    /// Longest time for which a task is put off at once; it asks again then.
    const LONGEST: Duration = Duration::from_mins(2);
    /// Places that are remembered while nothing is on its way there.
    const KEPT: usize = 10_000;
    /// What a try takes at a place of which nothing is known.
    const FIRST_GUESS: Duration = Duration::from_millis(50);

    /// Lets `width` tries go to the same place at once.
    pub fn new(inner: Arc<dyn TaskHandler>, width: usize) -> Self {
        Self { inner, width: width.max(1), places: Mutex::default() }
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<String, Lane>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn at once, a signal to wait for, or the time for which the task is put off.
    fn ask(&self, place: &str) -> Answer {
        let mut lanes = self.lanes();
        let now = Instant::now();
        let lane = lanes.entry(place.to_owned()).or_insert_with(|| Lane {
            running: 0,
            waiting: 0,
            usual: Self::FIRST_GUESS,
            booked_until: now,
            freed: Arc::default(),
        });
        if lane.running < self.width {
            lane.running += 1;
            return Answer::Go;
        }
        let width = u32::try_from(self.width).unwrap_or(u32::MAX);
        let ahead = u32::try_from(lane.waiting + 1).unwrap_or(u32::MAX);
        let each = lane.usual / width;
        if lane.waiting < Self::WAITING && each.saturating_mul(ahead) <= Self::MOMENT {
            lane.waiting += 1;
            return Answer::Wait(Arc::clone(&lane.freed));
        }
        lane.booked_until = lane.booked_until.max(now + lane.usual) + each;
        Answer::Later(lane.booked_until.duration_since(now).min(Self::LONGEST))
    }

    /// Waits for a turn; false when it did not come in a moment.
    async fn turn(&self, place: &str, freed: &Notify) -> bool {
        let deadline = Instant::now() + Self::MOMENT;
        let mut came = false;
        while !came && tokio::time::timeout_at(deadline, freed.notified()).await.is_ok() {
            came = self.take(place);
        }
        if let Some(lane) = self.lanes().get_mut(place) {
            lane.waiting = lane.waiting.saturating_sub(1);
        }
        came
    }

    /// Takes a turn that was given back, unless somebody was faster.
    fn take(&self, place: &str) -> bool {
        let mut lanes = self.lanes();
        let Some(lane) = lanes.get_mut(place).filter(|lane| lane.running < self.width) else {
            return false;
        };
        lane.running += 1;
        true
    }

    /// Gives a turn back after a try that took so long.
    fn leave(&self, place: &str, took: Duration) {
        let mut lanes = self.lanes();
        let Some(lane) = lanes.get_mut(place) else { return };
        lane.running = lane.running.saturating_sub(1);
        lane.usual = (lane.usual * 3 + took) / 4;
        lane.freed.notify_one();
        // What is known of a place is worth keeping: it is as slow the next time.
        if lanes.len() > Self::KEPT {
            let now = Instant::now();
            lanes.retain(|_, lane| lane.running + lane.waiting > 0 || lane.booked_until > now);
        }
    }
}

enum Answer {
    Go,
    Wait(Arc<Notify>),
    Later(Duration),
}

/// A turn, given back however its try ends.
struct Turn<'a> {
    lanes: &'a Lanes,
    place: &'a str,
    since: Instant,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.lanes.leave(self.place, self.since.elapsed());
    }
}

#[async_trait]
impl TaskHandler for Lanes {
    fn kind(&self) -> TaskKind {
        self.inner.kind()
    }

    fn policy(&self) -> Policy {
        self.inner.policy()
    }

    async fn run(&self, claim: &Claim, watch: &dyn Watch) -> Result<Done, TaskFailure> {
        let subject = claim.subject.as_str();
        let place = subject.split_once(':').map_or(subject, |(place, _)| place);
        let later = |pause| {
            counter!("queue_lane_full_total", "kind" => self.kind().as_str()).increment(1);
            Err(TaskFailure::snooze(pause, "others are on their way there"))
        };
        match self.ask(place) {
            Answer::Go => {}
            Answer::Wait(freed) => {
                if !self.turn(place, &freed).await {
                    return later(Self::MOMENT);
                }
            }
            Answer::Later(pause) => return later(pause),
        }
        let _turn = Turn { lanes: self, place, since: Instant::now() };
        self.inner.run(claim, watch).await
    }
}
