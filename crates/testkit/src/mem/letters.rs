use async_trait::async_trait;
use domain::{
    ids::TaskId,
    store::StoreError,
    tasks::{Answerable, DeadLetters, NewTask, StoredTask, TaskState},
};

use super::{MemStore, state::State, tasks::TaskRow};

impl TaskRow {
    fn show(&self, id: TaskId) -> StoredTask {
        let state = match (&self.dead, &self.worker) {
            (Some((at, burial)), _) => TaskState::Dead { at: *at, burial: *burial },
            (None, Some(worker)) => {
                TaskState::Running { worker: worker.clone(), until: self.run_at }
            }
            (None, None) => TaskState::Waiting { run_at: self.run_at },
        };
        StoredTask {
            id,
            kind: self.kind.as_str().to_owned(),
            subject: self.subject.as_str().to_owned(),
            state,
            attempt: self.attempt,
            last_error: self.last_error.clone(),
            created_at: self.created_at,
        }
    }
}

#[async_trait]
impl DeadLetters for MemStore {
    async fn dead(&self, limit: u32) -> Result<Vec<StoredTask>, StoreError> {
        self.read("dead", |state| {
            let dead = state.tasks.iter().filter_map(|(id, row)| Some((row.dead?.0, *id, row)));
            let mut dead: Vec<_> = dead.collect();
            dead.sort_by_key(|(at, id, _)| std::cmp::Reverse((*at, *id)));
            dead.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            dead.into_iter().map(|(_, id, row)| row.show(id)).collect()
        })
        .await
    }

    async fn task(&self, id: TaskId) -> Result<Option<StoredTask>, StoreError> {
        self.read("task", |state| state.tasks.get(&id).map(|row| row.show(id))).await
    }

    async fn retry(&self, id: TaskId, _by: &Answerable) -> Result<bool, StoreError> {
        let now = self.now();
        self.write("retry", |state| {
            let Some(row) = take_dead(state, id) else { return Ok(false) };
            state.enqueue(&NewTask::new(row.kind, row.subject), now);
            Ok(true)
        })
        .await
    }

    async fn discard(&self, id: TaskId, _by: &Answerable) -> Result<bool, StoreError> {
        self.write("discard", |state| {
            let Some(row) = take_dead(state, id) else { return Ok(false) };
            state.discarded.insert((row.kind, row.subject));
            Ok(true)
        })
        .await
    }
}

fn take_dead(state: &mut State, id: TaskId) -> Option<TaskRow> {
    state.tasks.get(&id).filter(|row| row.dead.is_some())?;
    state.tasks.remove(&id)
}

impl MemStore {
    /// Every task, dead or alive.
    pub async fn all_tasks(&self) -> Vec<StoredTask> {
        self.state.lock().await.tasks.iter().map(|(id, row)| row.show(*id)).collect()
    }
}
