use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use domain::{
    tasks::{Term, Terms},
    time::Clock,
};
use metrics::{counter, gauge, histogram};
use runtime::{Stop, Supervisor};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use crate::{
    jitter,
    lead::{Lead, Leader, Standing},
    task::{Progress, Task, chain},
};

/// When a task runs.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Its name in logs, metrics and locks.
    pub name: &'static str,
    /// From the end of one run to the start of the next, give or take a tenth.
    pub interval: Duration,
    /// A run that takes longer is given up.
    pub timeout: Duration,
    /// Least time for which its lock is taken.
    pub lock: Duration,
    /// How often an instance that does not lead runs it all the same. For what customers wait for:
    /// when the leader dies they need not wait for its lock to expire.
    pub standby: Option<Duration>,
}

/// Runs a task again and again, on one instance at a time where a [`Leader`] is given.
pub struct Periodic {
    schedule: Schedule,
    task: Arc<dyn Task>,
    clock: Arc<dyn Clock>,
    lead: Option<Lead>,
    slots: Option<Slots>,
    poke: Arc<Notify>,
}

/// Who gives out slots, and in whose name they are asked for.
struct Slots {
    terms: Arc<dyn Terms>,
    worker: Arc<str>,
}

/// How a turn went; decides what wakes the task next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Ran,
    Failed,
    Skipped,
    /// The slot was run, here or elsewhere; the next one begins after this time.
    Slot(Duration),
}

enum Ran {
    Ok(Progress),
    Failed,
}

impl Periodic {
    /// First pause of a task whose interval is longer: starts are staggered.
    const STAGGER: Duration = Duration::from_secs(1);
    /// Longest pause after failures, for tasks whose interval is shorter.
    const MAX_BACKOFF: Duration = Duration::from_secs(5);

    /// A task that every instance runs.
    pub fn new(schedule: Schedule, task: Arc<dyn Task>, clock: Arc<dyn Clock>) -> Self {
        Self { schedule, task, clock, lead: None, slots: None, poke: Arc::default() }
    }

    /// Runs on the instance that leads only.
    #[must_use]
    pub fn led_by(self, leader: Arc<dyn Leader>) -> Self {
        let Schedule { name, interval, lock, .. } = self.schedule;
        Self { lead: Some(Lead::new(leader, name, lock.max(interval * 2))), ..self }
    }

    /// Runs once in each slot of time as long as its interval, whoever leads, as `terms` decides.
    #[must_use]
    pub fn slotted_by(self, terms: Arc<dyn Terms>, worker: &str) -> Self {
        Self { slots: Some(Slots { terms, worker: worker.into() }), ..self }
    }

    /// Runs at once when poked.
    #[must_use]
    pub fn poked_by(self, poke: &Arc<Notify>) -> Self {
        Self { poke: Arc::clone(poke), ..self }
    }

    /// Hands the task to the supervisor, which starts it again after a panic.
    pub fn spawn(self, supervisor: &Supervisor) {
        let this = Arc::new(self);
        supervisor.spawn_loop(this.schedule.name, move |stop| {
            let this = Arc::clone(&this);
            async move { this.run(&stop).await }
        });
    }

    async fn run(&self, stop: &Stop) {
        let mut failures = 0;
        let mut last_run = Instant::now();
        self.rest(jitter::up_to(self.schedule.interval.min(Self::STAGGER)), true, stop).await;
        while !stop.is_stopping() {
            let turn = self.turn(last_run, stop).await;
            failures = if turn == Turn::Failed { failures + 1 } else { 0 };
            if turn != Turn::Skipped {
                last_run = Instant::now();
            }
            let pause = match turn {
                Turn::Slot(next_in) => next_in + jitter::up_to(self.schedule.interval / 10),
                _ => self.pause(failures),
            };
            // A poke is for whoever runs the task, and no reason to hurry into the next failure.
            self.rest(pause, turn == Turn::Ran, stop).await;
        }
        // Only between runs: what was begun is finished before somebody else leads.
        if let Some(lead) = &self.lead {
            lead.resign().await;
        }
    }

    fn pause(&self, failures: u32) -> Duration {
        let Schedule { interval, .. } = self.schedule;
        let longer = interval.saturating_mul(1 << failures.min(16));
        jitter::around(longer.min(interval.max(Self::MAX_BACKOFF)))
    }

    async fn rest(&self, pause: Duration, may_be_poked: bool, stop: &Stop) {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.poke.notified(), if may_be_poked => {}
            () = stop.stopping() => {}
        }
    }

    /// Runs until nothing is left, if it is for this instance to do.
    async fn turn(&self, last_run: Instant, stop: &Stop) -> Turn {
        if let Some(slots) = &self.slots {
            return self.slot(slots, last_run, stop).await;
        }
        loop {
            if !self.may_run(last_run).await {
                return Turn::Skipped;
            }
            match self.run_once(None).await {
                Ran::Failed => return Turn::Failed,
                Ran::Ok(Progress::More) if !stop.is_stopping() => {}
                Ran::Ok(_) => return Turn::Ran,
            }
        }
    }

    /// Runs in the present slot until nothing is left, unless the slot is taken.
    async fn slot(&self, slots: &Slots, last_run: Instant, stop: &Stop) -> Turn {
        let Schedule { name, interval, .. } = self.schedule;
        if !self.may_run(last_run).await {
            return Turn::Skipped;
        }
        let slot = match slots.terms.begin_term(name, interval, &slots.worker).await {
            Ok(slot) => slot,
            Err(error) => {
                count(name, "failed");
                tracing::error!(task = name, error = chain(&error), "no slot for a run of {name}");
                return Turn::Failed;
            }
        };
        let Some(term) = slot.term else {
            count(name, "slot_taken");
            return Turn::Slot(slot.next_in);
        };
        counter!("task_slots_missed_total", "task" => name).increment(slot.missed);
        let begun = Instant::now();
        let succeeded = loop {
            match self.run_once(Some(&term)).await {
                Ran::Failed => break false,
                Ran::Ok(Progress::More) if !stop.is_stopping() => {}
                Ran::Ok(_) => break true,
            }
        };
        match slots.terms.end_term(&term, succeeded).await {
            Ok(true) => {}
            Ok(false) => {
                counter!("task_terms_lost_total", "task" => name).increment(1);
                tracing::warn!(task = name, "a run of {name} was overtaken by the next one");
            }
            Err(error) => {
                tracing::warn!(task = name, error = chain(&error), "the end of a run is not noted");
            }
        }
        Turn::Slot(slot.next_in.saturating_sub(begun.elapsed()))
    }

    async fn may_run(&self, last_run: Instant) -> bool {
        let Schedule { name, standby, .. } = self.schedule;
        let Some(lead) = &self.lead else { return true };
        match lead.standing().await {
            Standing::Leads => true,
            Standing::Unguarded => {
                counter!("task_unguarded_runs_total", "task" => name).increment(1);
                true
            }
            Standing::Follows => {
                let overdue = standby.is_some_and(|standby| last_run.elapsed() >= standby);
                if !overdue {
                    count(name, "skipped");
                }
                overdue
            }
        }
    }

    async fn run_once(&self, term: Option<&Term>) -> Ran {
        let Schedule { name, timeout: limit, .. } = self.schedule;
        let started = Instant::now();
        let run = match term {
            Some(term) => self.task.run_in(term),
            None => self.task.run(),
        };
        let ran = timeout(limit, run).await;
        histogram!("task_run_seconds", "task" => name).record(started.elapsed());
        match ran {
            Ok(Ok(progress)) => {
                count(name, "ok");
                gauge!("task_last_success_timestamp_seconds", "task" => name).set(self.unix_time());
                Ran::Ok(progress)
            }
            Ok(Err(error)) => {
                count(name, "failed");
                tracing::error!(task = name, error = chain(&*error), "a run of {name} failed");
                Ran::Failed
            }
            Err(_) => {
                count(name, "timeout");
                tracing::error!(task = name, "a run of {name} took too long and was given up");
                Ran::Failed
            }
        }
    }

    fn unix_time(&self) -> f64 {
        let now = SystemTime::from(self.clock.now());
        now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }
}

fn count(task: &'static str, outcome: &'static str) {
    counter!("task_runs_total", "task" => task, "outcome" => outcome).increment(1);
}
