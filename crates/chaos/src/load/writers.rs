use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::pool::Scene;
use crate::{random::Random, stack::PROVIDERS};

/// Between two looks at what was sold.
const PAUSE: Duration = Duration::from_millis(200);
/// More than is sold between two looks.
const NEWEST: u32 = 60;

/// Those who send messages to rented numbers. They see what providers sold and know nothing of us,
/// so that also numbers get messages of which nobody has heard yet.
pub(super) struct Writers {
    scene: Arc<Scene>,
    planned: HashSet<(String, u64)>,
    due: BTreeMap<(Instant, u64), Message>,
    sent: u64,
}

struct Message {
    provider: String,
    activation: u64,
    with_callback: bool,
}

impl Writers {
    pub(super) fn new(scene: Arc<Scene>) -> Self {
        Self { scene, planned: HashSet::new(), due: BTreeMap::new(), sent: 0 }
    }

    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        while self.scene.pause(PAUSE).await {
            let state = self.scene.system.sandbox.state(Some(NEWEST)).await?;
            for provider in PROVIDERS {
                let sold = state["providers"][provider]["activations"].as_array();
                for activation in sold.into_iter().flatten() {
                    self.plan(provider, activation);
                }
            }
            self.send().await?;
        }
        Ok(())
    }

    /// Decides when a newly sold number gets messages. A third gets none.
    fn plan(&mut self, provider: &str, activation: &Value) {
        let Some(id) = activation["id"].as_u64() else { return };
        if !self.planned.insert((provider.to_owned(), id)) {
            return;
        }
        let mut random = Random::of(self.scene.seed, &format!("messages to {id}"));
        let messages = random.weighted(&[(35, 0), (52, 1), (13, 2)]).unwrap_or(0);
        let mut at = Instant::now();
        for _ in 0..messages {
            at += Duration::from_millis(random.between(0, 4000));
            let with_callback = random.chance(75);
            let message = Message { provider: provider.to_owned(), activation: id, with_callback };
            self.due.insert((at, random.next()), message);
        }
    }

    async fn send(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let message = entry.remove();
            self.sent += 1;
            // No two texts are alike, so each can be followed to whoever reads it.
            let code = 10_000_000 + self.sent * 7919 % 90_000_000;
            let text = format!("{code} is your code. Message {}.", self.sent);
            let sms = json!({
                "provider": message.provider, "activation_id": message.activation,
                "text": text, "callback": message.with_callback,
            });
            // Refused when the number was given back meanwhile.
            self.scene.system.sandbox.try_control("sms", sms).await?;
        }
        Ok(())
    }
}
