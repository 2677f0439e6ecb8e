use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{
    ids::TaskId,
    inbox::CallbackState,
    store::StoreError,
    tasks::{
        Burial, Buried, Claim, Claimed, KindStats, NewTask, Subject, TaskKind, TaskQueue, TaskRepo,
        Term, Verdict, Wanted,
    },
    time::Timestamp,
};

use super::{
    MemStore,
    state::{State, misuse},
    unit::MemUnit,
};

/// A task as stored.
#[derive(Debug, Clone)]
pub(super) struct TaskRow {
    pub(super) kind: TaskKind,
    pub(super) subject: Subject,
    pub(super) run_at: Timestamp,
    pub(super) attempt: u32,
    token: i64,
    pub(super) worker: Option<String>,
    again_at: Option<Timestamp>,
    pub(super) last_error: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) dead: Option<(Timestamp, Burial)>,
}

impl TaskRow {
    fn is_live(&self, kind: TaskKind, subject: &Subject) -> bool {
        self.dead.is_none() && self.kind == kind && self.subject == *subject
    }

    fn is_due(&self, kind: TaskKind, now: Timestamp) -> bool {
        self.dead.is_none() && self.kind == kind && self.run_at <= now
    }

    fn is_held(&self, claim: &Claim) -> bool {
        self.worker.is_some() && self.token == claim.token
    }

    /// Something new is heard of.
    fn tell(&mut self, run_at: Timestamp) {
        if self.worker.is_some() {
            self.again_at = Some(self.again_at.map_or(run_at, |again| again.min(run_at)));
        } else if run_at < self.run_at {
            self.run_at = run_at;
            self.attempt = 0;
        }
    }

    /// Waits again, for what it was told meanwhile at the latest.
    fn put_back(&mut self, run_at: Option<Timestamp>) {
        if self.again_at.is_some() {
            self.attempt = 0;
        }
        if let Some(next) = run_at.into_iter().chain(self.again_at).min() {
            self.run_at = next;
        }
        self.worker = None;
        self.again_at = None;
    }

    fn fail(&mut self, verdict: Verdict, error: &str, now: Timestamp) {
        self.last_error = Some(error.chars().take(500).collect());
        match verdict {
            Verdict::Bury(burial) if self.again_at.is_none() => {
                self.dead = Some((now, burial));
                self.worker = None;
            }
            Verdict::Bury(_) => self.put_back(None),
            Verdict::Retry(wait) => self.put_back(Some(now + wait)),
            Verdict::Snooze(wait) => {
                self.attempt = self.attempt.saturating_sub(1);
                self.put_back(Some(now + wait));
            }
        }
    }
}

impl State {
    pub(super) fn enqueue(&mut self, task: &NewTask, now: Timestamp) {
        let run_at = now + task.delay;
        let mut rows = self.tasks.values_mut();
        if let Some(live) = rows.find(|row| row.is_live(task.kind, &task.subject)) {
            live.tell(run_at);
            return;
        }
        // Ids are not given out again, so that old claims stay strangers.
        self.last_task += 1;
        let row = TaskRow {
            kind: task.kind,
            subject: task.subject.clone(),
            run_at,
            attempt: 0,
            token: 0,
            worker: None,
            again_at: None,
            last_error: None,
            created_at: now,
            dead: None,
        };
        self.tasks.insert(TaskId::new(self.last_task), row);
    }

    fn finish(&mut self, claim: &Claim) -> bool {
        let held = self.tasks.get_mut(&claim.id).filter(|row| row.is_held(claim));
        let Some(row) = held else { return false };
        if row.again_at.is_some() {
            row.put_back(None);
        } else {
            self.tasks.remove(&claim.id);
        }
        true
    }

    /// The oldest that are due, as many as there is room for.
    fn due(&self, wanted: &Wanted, now: Timestamp) -> Vec<TaskId> {
        let mut due: Vec<_> = self
            .tasks
            .iter()
            .filter(|(_, row)| row.is_due(wanted.kind, now))
            .map(|(id, row)| (row.run_at, *id))
            .collect();
        due.sort_unstable();
        due.truncate(usize::try_from(wanted.room).unwrap_or(usize::MAX));
        due.into_iter().map(|(_, id)| id).collect()
    }

    fn claim(&mut self, terms: &Wanted, worker: &str, now: Timestamp, out: &mut Claimed) {
        for id in self.due(terms, now) {
            let Some(row) = self.tasks.get_mut(&id) else { continue };
            let told = row.again_at.take().is_some();
            let waited = now.signed_duration_since(row.run_at).to_std().unwrap_or_default();
            let rescued = row.worker.is_some();
            row.token += 1;
            row.run_at = now + terms.lease;
            if row.attempt >= terms.max_attempts && !told {
                row.dead = Some((now, Burial::Crashed));
                row.worker = None;
                out.buried.push(Buried { id, kind: row.kind });
                continue;
            }
            row.attempt = if row.attempt >= terms.max_attempts { 1 } else { row.attempt + 1 };
            row.worker = Some(worker.to_owned());
            out.claims.push(Claim {
                id,
                token: row.token,
                kind: row.kind,
                subject: row.subject.clone(),
                attempt: row.attempt,
                lease: terms.lease,
                waited,
                rescued,
                trace: None,
            });
        }
    }

    /// Matters that should have a task: ended orders, and callbacks of which something may become.
    fn sources(&self, until: Timestamp) -> Vec<NewTask> {
        let ended = self.orders.values().map(|row| &row.order).filter(|order| {
            order.upstream_open && order.status().is_over() && order.changed_at <= until
        });
        let closings = ended.map(|order| NewTask::new(TaskKind::CloseUpstream, order.id));
        let open = self.callbacks.values().filter(|it| it.state == CallbackState::Pending);
        let callbacks = open.map(|stored| NewTask::new(TaskKind::ConfirmSms, stored.id));
        closings.chain(callbacks).collect()
    }

    fn stats(&self, now: Timestamp) -> Vec<KindStats> {
        let mut kinds: BTreeMap<&str, KindStats> = BTreeMap::new();
        for row in self.tasks.values() {
            let kind = row.kind.as_str();
            let stats = kinds.entry(kind).or_insert_with(|| KindStats {
                kind: kind.to_owned(),
                waiting: 0,
                running: 0,
                oldest_ready: Duration::ZERO,
                dead: 0,
            });
            match (&row.dead, &row.worker) {
                (Some(_), _) => stats.dead += 1,
                (None, Some(_)) => stats.running += 1,
                (None, None) => stats.waiting += 1,
            }
            if row.is_due(row.kind, now) {
                let age = now.signed_duration_since(row.run_at).to_std().unwrap_or_default();
                stats.oldest_ready = stats.oldest_ready.max(age);
            }
        }
        kinds.into_values().collect()
    }
}

impl MemStore {
    /// Which canaries took effect, in order; one that took effect twice is there twice.
    pub async fn songs(&self) -> Vec<TaskId> {
        self.state.lock().await.songs.iter().map(|(id, _)| *id).collect()
    }
}

#[async_trait]
impl TaskRepo for MemUnit {
    async fn enqueue(&mut self, task: &NewTask) -> Result<(), StoreError> {
        let now = self.now();
        self.step("enqueue", |unit| {
            unit.draft.enqueue(task, now);
            Ok(())
        })
        .await
    }

    async fn withdraw(&mut self, kind: TaskKind, subject: &Subject) -> Result<(), StoreError> {
        self.step("withdraw", |unit| {
            if !kind.as_str().ends_with(".confirm") {
                return Err(misuse("such tasks are not taken back"));
            }
            unit.draft.tasks.retain(|_, row| !row.is_live(kind, subject) || row.worker.is_some());
            Ok(())
        })
        .await
    }

    async fn finish_task(&mut self, claim: &Claim) -> Result<bool, StoreError> {
        self.step("finish_task", |unit| Ok(unit.draft.finish(claim))).await
    }

    async fn put_off(&mut self, claim: &Claim, pause: Duration) -> Result<bool, StoreError> {
        let now = self.now();
        self.step("put_off", |unit| {
            let held = unit.draft.tasks.get_mut(&claim.id).filter(|row| row.is_held(claim));
            let Some(row) = held else { return Ok(false) };
            row.put_back(Some(now + pause));
            row.attempt = 0;
            Ok(true)
        })
        .await
    }

    async fn hold_term(&mut self, term: &Term) -> Result<bool, StoreError> {
        self.step("hold_term", |unit| Ok(unit.draft.runs.holds(term))).await
    }

    async fn sing(&mut self, claim: &Claim) -> Result<(), StoreError> {
        let now = self.now();
        self.step("sing", |unit| {
            unit.draft.songs.push((claim.id, now));
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl TaskQueue for MemStore {
    async fn claim(&self, wanted: &[Wanted], worker: &str) -> Result<Claimed, StoreError> {
        let now = self.now();
        self.write("claim", |state| {
            let mut claimed = Claimed::default();
            for wanted in wanted {
                state.claim(wanted, worker, now, &mut claimed);
            }
            claimed.claims.sort_by(|a, b| b.waited.cmp(&a.waited).then(a.id.cmp(&b.id)));
            Ok(claimed)
        })
        .await
    }

    async fn extend(&self, claim: &Claim) -> Result<bool, StoreError> {
        let now = self.now();
        self.write("extend", |state| {
            let held = state.tasks.get_mut(&claim.id).filter(|row| row.is_held(claim));
            let Some(row) = held else { return Ok(false) };
            row.run_at = now + claim.lease;
            Ok(true)
        })
        .await
    }

    async fn finish(&self, claim: &Claim) -> Result<bool, StoreError> {
        self.write("finish", |state| Ok(state.finish(claim))).await
    }

    async fn fail(&self, claim: &Claim, verdict: Verdict, error: &str) -> Result<bool, StoreError> {
        let now = self.now();
        self.write("fail", |state| {
            let held = state.tasks.get_mut(&claim.id).filter(|row| row.is_held(claim));
            let Some(row) = held else { return Ok(false) };
            row.fail(verdict, error, now);
            Ok(true)
        })
        .await
    }

    async fn release(&self, claims: &[Claim]) -> Result<(), StoreError> {
        let now = self.now();
        self.write("release", |state| {
            for claim in claims {
                let held = state.tasks.get_mut(&claim.id).filter(|row| row.is_held(claim));
                if let Some(row) = held {
                    row.attempt = row.attempt.saturating_sub(1);
                    row.run_at = now;
                    row.worker = None;
                    row.again_at = None;
                }
            }
            Ok(())
        })
        .await
    }

    async fn kinds(&self) -> Result<Vec<String>, StoreError> {
        self.read("kinds", |state| {
            let live = state.tasks.values().filter(|row| row.dead.is_none());
            let mut kinds: Vec<_> = live.map(|row| row.kind.as_str().to_owned()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds
        })
        .await
    }

    async fn stats(&self) -> Result<Vec<KindStats>, StoreError> {
        let now = self.now();
        self.read("stats", |state| state.stats(now)).await
    }

    async fn adopt(&self, until: Timestamp) -> Result<u64, StoreError> {
        let now = self.now();
        self.write("adopt", |state| {
            let mut adopted = 0;
            for task in state.sources(until) {
                let same = |row: &TaskRow| row.kind == task.kind && row.subject == task.subject;
                let discarded = state.discarded.contains(&(task.kind, task.subject.clone()));
                if !discarded && !state.tasks.values().any(same) {
                    state.enqueue(&task, now);
                    adopted += 1;
                }
            }
            Ok(adopted)
        })
        .await
    }

    async fn forget_songs(&self, age: Duration) -> Result<u64, StoreError> {
        let before = self.now() - age;
        self.write("forget_songs", |state| {
            let all = state.songs.len();
            state.songs.retain(|(_, at)| *at >= before);
            Ok(u64::try_from(all - state.songs.len()).unwrap_or(u64::MAX))
        })
        .await
    }

    async fn enqueue_now(&self, task: &NewTask) -> Result<(), StoreError> {
        let now = self.now();
        self.write("enqueue_now", |state| {
            state.enqueue(task, now);
            Ok(())
        })
        .await
    }
}
