use std::{sync::Arc, time::Duration};

use super::pool::Scene;
use crate::{
    history::{Answer, Call, Outcome},
    random::Random,
    stack::psql,
};

/// Between two batches.
const PAUSE_MS: (u64, u64) = (100, 400);
/// Tasks of a batch.
const BATCH: u64 = 5;
/// How long a task may be held before it takes effect: past the lease, which its worker then has to
/// extend.
const LONGEST_MS: u64 = 1800;

/// Gives the workers tasks of no other use than to show how often each took effect.
pub(super) struct Drills {
    scene: Arc<Scene>,
    random: Random,
    number: u64,
}

impl Drills {
    pub(super) fn new(scene: Arc<Scene>) -> Self {
        let random = Random::of(scene.seed, "drills");
        Self { scene, random, number: 0 }
    }

    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        loop {
            let pause = Duration::from_millis(self.random.between(PAUSE_MS.0, PAUSE_MS.1));
            if !self.scene.pause(pause).await {
                return Ok(());
            }
            self.give().await?;
        }
    }

    async fn give(&mut self) -> anyhow::Result<()> {
        let subjects: Vec<String> = (0..BATCH).map(|_| self.subject()).collect();
        let calls = subjects.iter().map(|it| format!("SELECT task_enqueue('canary', '{it}')"));
        let script = format!("BEGIN; {}; COMMIT;", calls.collect::<Vec<_>>().join("; "));
        let Scene { system, history, .. } = &*self.scene;
        let number = history.invoke(0, "psql", Call::Drill { subjects })?;
        let mut answer = Answer::unknown();
        // Postgres may be down at the moment, or die meanwhile.
        if psql(&system.postgres.owner_url(), &script).await.is_ok() {
            answer.outcome = Outcome::Ok;
        }
        history.answer(number, answer)
    }

    /// The name of a task; the number behind the colon is how long it is held.
    fn subject(&mut self) -> String {
        self.number += 1;
        let held_ms = if self.random.chance(50) { 0 } else { self.random.below(LONGEST_MS) };
        format!("drill-{}:{held_ms}", self.number)
    }
}
