use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{
    store::StoreError,
    tasks::{Claim, Done, Policy, TaskFailure, TaskHandler, TaskQueue, Verdict, Watch},
};
use runtime::Stop;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::meter::{self, Ending};
use crate::{jitter, task::chain};

/// Renewals in the length of a lease: two may fail before it runs out.
const RENEWALS: u32 = 3;
/// How often the end of a try is stored before its lease is left to run out.
const SAYINGS: u32 = 4;

/// One try of one task.
pub(super) struct Attempt {
    pub(super) queue: Arc<dyn TaskQueue>,
    pub(super) handler: Arc<dyn TaskHandler>,
    pub(super) claim: Claim,
    pub(super) stop: Stop,
}

impl Attempt {
    /// Runs the handler, keeping the lease alive, and stores how it ended. Never dropped in the
    /// middle by an orderly shutdown.
    pub(super) async fn run(self) {
        let started = Instant::now();
        let policy = self.handler.policy();
        let shift = Shift {
            until: started + policy.timeout,
            stop: self.stop.clone(),
            lost: AtomicBool::new(false),
        };
        let ended = tokio::select! {
            biased;
            ended = timeout_at(shift.until, self.handler.run(&self.claim, &shift)) => ended,
            never = self.keep_lease(&shift) => match never {},
        };
        let ending = match ended {
            Ok(Ok(Done::Finished)) => Ending::Done,
            Ok(Ok(Done::Unfinished)) => self.finish().await,
            Ok(Err(failure)) => self.fail(&policy, &failure).await,
            Err(_) => self.fail(&policy, &TaskFailure::transient("took too long")).await,
        };
        if ending == Ending::Lost {
            let id = self.claim.id;
            tracing::warn!(task.id = %id, kind = %self.claim.kind, "task {id} went to somebody else");
        }
        meter::ended(self.claim.kind, ending, started.elapsed());
    }

    /// Extends the lease until it is lost, and then waits for the try to end.
    async fn keep_lease(&self, shift: &Shift) -> std::convert::Infallible {
        let beat = self.claim.lease / RENEWALS;
        loop {
            sleep(beat).await;
            match timeout(beat, self.queue.extend(&self.claim)).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => break,
                Ok(Err(error)) => {
                    tracing::warn!(task.id = %self.claim.id, error = chain(&error), "a lease was not renewed yet");
                }
                Err(_) => {
                    tracing::warn!(task.id = %self.claim.id, "a lease was not renewed in time");
                }
            }
        }
        shift.lost.store(true, Ordering::Release);
        std::future::pending().await
    }

    async fn finish(&self) -> Ending {
        match insist(|| self.queue.finish(&self.claim)).await {
            Some(true) => Ending::Done,
            Some(false) => Ending::Lost,
            None => Ending::Unstored,
        }
    }

    async fn fail(&self, policy: &Policy, failure: &TaskFailure) -> Ending {
        let Claim { id, kind, attempt, .. } = self.claim;
        let verdict = policy.verdict(failure.class, attempt, jitter::up_to);
        let Some(verdict) = verdict else { return Ending::Lost };
        let error = chain(&*failure.error);
        match verdict {
            Verdict::Bury(burial) => {
                let burial = burial.as_str();
                tracing::error!(task.id = %id, %kind, attempt, error, "task {id} is given up: {burial}");
            }
            Verdict::Retry(pause) => {
                tracing::warn!(task.id = %id, %kind, attempt, error, ?pause, "task {id} is tried again");
            }
            Verdict::Snooze(pause) => {
                tracing::debug!(task.id = %id, %kind, error, ?pause, "task {id} came too early");
            }
        }
        match insist(|| self.queue.fail(&self.claim, verdict, &error)).await {
            Some(true) => Ending::from(verdict),
            Some(false) => Ending::Lost,
            None => Ending::Unstored,
        }
    }
}

/// Says how a try ended until storage has heard it, or for a few seconds.
async fn insist<F>(say: impl Fn() -> F + Send) -> Option<bool>
where
    F: Future<Output = Result<bool, StoreError>> + Send,
{
    for saying in 1..=SAYINGS {
        match say().await {
            Ok(heard) => return Some(heard),
            Err(error) => {
                tracing::warn!(error = chain(&error), "the end of a task was not stored yet");
                sleep(jitter::up_to(Duration::from_millis(250 << saying))).await;
            }
        }
    }
    None
}

/// What a handler may know of its try.
struct Shift {
    until: Instant,
    stop: Stop,
    lost: AtomicBool,
}

impl Watch for Shift {
    fn is_stopping(&self) -> bool {
        self.stop.is_stopping() || self.lost.load(Ordering::Acquire)
    }

    fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}
