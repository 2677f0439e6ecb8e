use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    store::StoreError,
    tasks::{Claim, Claimed, FailureClass, TaskHandler, TaskKind, TaskQueue, Wanted},
};
use runtime::{Stop, Supervisor, telemetry::go_on};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tracing::{Instrument as _, info_span};

use super::{
    attempt::Attempt,
    crew::{Crew, End, pause},
    meter,
};
use crate::{jitter, task::chain};

/// Runs the tasks of all kinds that it has a handler for.
pub struct Executor {
    queue: Arc<dyn TaskQueue>,
    handlers: BTreeMap<TaskKind, Arc<dyn TaskHandler>>,
    settings: QueueSettings,
    poke: Arc<Notify>,
}

/// What all kinds have in common.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// Who claims, for whoever looks at a task that runs.
    pub worker: String,
    /// How long a task rests after its worker died.
    pub lease: Duration,
    /// Stored kinds that another build does.
    pub foreign: Vec<String>,
}

/// Why tasks cannot be run by this build.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Tasks of these kinds are stored, and would never be done.
    #[error("no handler for stored tasks of kind {}", .0.join(", "))]
    Unhandled(Vec<String>),
}

impl Executor {
    /// A claim that takes longer than this is given up, so that a hung one stops nothing.
    const CLAIM_TIMEOUT: Duration = Duration::from_secs(5);
    /// Between two tries to reach storage that is away.
    const RETRY: Duration = Duration::from_secs(2);

    /// An executor with these handlers; a later one of the same kind replaces an earlier one.
    pub fn new(
        queue: Arc<dyn TaskQueue>,
        handlers: impl IntoIterator<Item = Arc<dyn TaskHandler>>,
        settings: QueueSettings,
    ) -> Self {
        let handlers = handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
        Self { queue, handlers, settings, poke: Arc::default() }
    }

    /// Looks for work at once when poked.
    #[must_use]
    pub fn poked_by(self, poke: &Arc<Notify>) -> Self {
        Self { poke: Arc::clone(poke), ..self }
    }

    /// Hands the executor to the supervisor. The process ends when tasks are stored that it has no
    /// handler for.
    pub fn spawn(self, supervisor: &Supervisor) {
        supervisor.spawn("queue", |stop| async move { self.run(&stop).await });
    }

    async fn run(&self, stop: &Stop) -> Result<(), QueueError> {
        self.check(stop).await?;
        let mut crew = Crew::default();
        while !stop.is_stopping() {
            let more = self.fill(&mut crew, stop).await;
            self.rest(&mut crew, more, stop).await;
        }
        while !crew.is_idle() {
            let end = crew.ended().await;
            self.note(end).await;
        }
        Ok(())
    }

    /// Refuses to work beside tasks that nobody would do.
    async fn check(&self, stop: &Stop) -> Result<(), QueueError> {
        while !stop.is_stopping() {
            match self.queue.kinds().await {
                Ok(stored) => return self.judge(stored),
                Err(error) => {
                    tracing::warn!(
                        error = chain(&error),
                        "the kinds of stored tasks are not known yet"
                    );
                    tokio::select! {
                        () = sleep(jitter::around(Self::RETRY)) => {}
                        () = stop.stopping() => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn judge(&self, stored: Vec<String>) -> Result<(), QueueError> {
        let known = |kind: &String| {
            let handled = TaskKind::parse(kind).is_some_and(|it| self.handlers.contains_key(&it));
            handled || self.settings.foreign.contains(kind)
        };
        let unhandled: Vec<_> = stored.into_iter().filter(|kind| !known(kind)).collect();
        if unhandled.is_empty() { Ok(()) } else { Err(QueueError::Unhandled(unhandled)) }
    }

    /// Begins as many tries as there is room for. True when more may be due.
    async fn fill(&self, crew: &mut Crew, stop: &Stop) -> bool {
        let wanted = self.wanted(crew);
        if wanted.is_empty() {
            return true;
        }
        let claimed = match self.claim(&wanted).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(error = chain(&error), "no tasks were claimed");
                sleep(jitter::up_to(Self::RETRY)).await;
                return false;
            }
        };
        for buried in &claimed.buried {
            let id = buried.id;
            tracing::error!(task.id = %id, kind = %buried.kind, "task {id} is given up: crashed");
            meter::buried(buried);
        }
        if stop.is_stopping() {
            self.give_back(&claimed.claims).await;
            return false;
        }
        let got = |kind| claimed.claims.iter().filter(|claim| claim.kind == kind).count();
        let more = !claimed.buried.is_empty()
            || wanted.iter().any(|w| usize::try_from(w.room).is_ok_and(|room| got(w.kind) >= room));
        for claim in claimed.claims {
            self.begin(claim, crew, stop);
        }
        more
    }

    fn wanted(&self, crew: &Crew) -> Vec<Wanted> {
        let wanted = self.handlers.values().map(|handler| {
            let (kind, policy) = (handler.kind(), handler.policy());
            Wanted {
                kind,
                room: policy.concurrency.saturating_sub(crew.busy(kind)),
                lease: self.settings.lease,
                max_attempts: policy.max_attempts,
            }
        });
        wanted.filter(|wanted| wanted.room > 0).collect()
    }

    async fn claim(&self, wanted: &[Wanted]) -> Result<Claimed, StoreError> {
        let claim = self.queue.claim(wanted, &self.settings.worker);
        let late = |_| StoreError::Unavailable("claiming took too long".into());
        timeout(Self::CLAIM_TIMEOUT, claim).await.map_err(late)?
    }

    fn begin(&self, claim: Claim, crew: &mut Crew, stop: &Stop) {
        let Some(handler) = self.handlers.get(&claim.kind) else { return };
        meter::claimed(&claim);
        let Claim { id, kind, attempt, .. } = claim;
        let span = info_span!("attempt", task.id = %id, task.kind = %kind, task.attempt = attempt);
        if let Some(trace) = &claim.trace {
            go_on(&span, trace);
        }
        let attempt = Attempt {
            queue: Arc::clone(&self.queue),
            handler: Arc::clone(handler),
            claim: claim.clone(),
            stop: stop.clone(),
        };
        crew.begin(claim, attempt.run().instrument(span));
    }

    async fn give_back(&self, claims: &[Claim]) {
        if claims.is_empty() {
            return;
        }
        if let Err(error) = self.queue.release(claims).await {
            tracing::warn!(error = chain(&error), "{} claims run out by themselves", claims.len());
        }
    }

    /// Waits until there is something to claim: at once when `more` is due and a try has ended.
    async fn rest(&self, crew: &mut Crew, more: bool, stop: &Stop) {
        let look = sleep(pause());
        tokio::pin!(look);
        loop {
            let end = tokio::select! {
                end = crew.ended() => end,
                () = self.poke.notified() => return,
                () = &mut look => return,
                () = stop.stopping() => return,
            };
            self.note(end).await;
            while let Some(end) = crew.try_ended() {
                self.note(end).await;
            }
            if more {
                return;
            }
        }
    }

    /// Stores that a try panicked.
    async fn note(&self, end: End) {
        let End::Panicked(claim) = end else { return };
        tracing::error!(task.id = %claim.id, kind = %claim.kind, "a try of task {} panicked", claim.id);
        let Some(handler) = self.handlers.get(&claim.kind) else { return };
        let policy = handler.policy();
        let verdict = policy.verdict(FailureClass::Transient, claim.attempt, jitter::up_to);
        let Some(verdict) = verdict else { return };
        if let Err(error) = self.queue.fail(&claim, verdict, "panicked").await {
            tracing::warn!(error = chain(&error), "a lease runs out by itself");
        }
    }
}
