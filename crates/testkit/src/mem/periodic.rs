use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use domain::{
    store::StoreError,
    tasks::{Slot, Term, Terms},
    time::Timestamp,
};

use super::MemStore;

/// The runs of every periodic task, by slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(BTreeMap<&'static str, BTreeMap<i64, Run>>);

#[derive(Debug, Clone)]
struct Run {
    term: i64,
    started_at: Timestamp,
    succeeded: Option<bool>,
}

impl Runs {
    /// Whether no later run has begun.
    pub(super) fn holds(&self, term: &Term) -> bool {
        let newest = self.0.get(term.task).and_then(|runs| runs.values().map(|run| run.term).max());
        newest == Some(term.number)
    }

    fn begin(&mut self, task: &'static str, interval: Duration, now: Timestamp) -> Slot {
        let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
        let slot = now.timestamp_millis() / interval * interval;
        let next = slot + interval - now.timestamp_millis();
        let runs = self.0.entry(task).or_default();
        let before = runs.last_key_value().map_or(slot - interval, |(slot, _)| *slot);
        let number = runs.values().map(|run| run.term).max().unwrap_or(0) + 1;
        let term = (!runs.contains_key(&slot)).then_some(Term { task, number, slot });
        if term.is_some() {
            runs.insert(slot, Run { term: number, started_at: now, succeeded: None });
        }
        Slot {
            term,
            missed: u64::try_from((slot - before) / interval - 1).unwrap_or(0),
            next_in: Duration::from_millis(next.unsigned_abs()),
        }
    }

    fn end(&mut self, term: &Term, succeeded: bool) -> bool {
        let holds = self.holds(term);
        let run = self.0.get_mut(term.task).and_then(|runs| runs.get_mut(&term.slot));
        let Some(run) = run.filter(|_| holds) else { return false };
        run.succeeded = Some(succeeded);
        true
    }

    fn forget(&mut self, before: Timestamp) -> u64 {
        let count = |runs: &Self| runs.0.values().map(BTreeMap::len).sum::<usize>();
        let all = count(self);
        for runs in self.0.values_mut() {
            // The newest one tells the term.
            let newest = runs.last_key_value().map(|(slot, _)| *slot);
            runs.retain(|slot, run| Some(*slot) == newest || run.started_at >= before);
        }
        u64::try_from(all - count(self)).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl Terms for MemStore {
    async fn begin_term(
        &self,
        task: &'static str,
        interval: Duration,
        _worker: &str,
    ) -> Result<Slot, StoreError> {
        let now = self.now();
        self.write("begin_term", |state| Ok(state.runs.begin(task, interval, now))).await
    }

    async fn end_term(&self, term: &Term, succeeded: bool) -> Result<bool, StoreError> {
        self.write("end_term", |state| Ok(state.runs.end(term, succeeded))).await
    }

    async fn forget_runs(&self, age: Duration) -> Result<u64, StoreError> {
        let before = self.now() - age;
        self.write("forget_runs", |state| Ok(state.runs.forget(before))).await
    }
}
