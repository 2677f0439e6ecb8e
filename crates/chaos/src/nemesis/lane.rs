use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{Planner, Profile, perform::Hands, plan::Targets, profile::Lane};
use crate::{history::What, stack::System};

/// When to leave off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Until {
    pub(crate) deadline: Instant,
    /// Faults of each lane.
    pub(crate) steps: Option<u64>,
}

/// All lanes of a profile at work.
pub(crate) struct Nemesis {
    lanes: JoinSet<anyhow::Result<()>>,
    hands: Arc<Hands>,
}

impl Nemesis {
    /// Lets it loose.
    pub(crate) fn start(hands: Hands, profile: &Profile, seed: u64, until: Until) -> Self {
        let hands = Arc::new(hands);
        let mut lanes = JoinSet::new();
        for lane in profile.lanes {
            lanes.spawn(run(Arc::clone(&hands), *lane, seed, until));
        }
        Self { lanes, hands }
    }

    /// Waits until all lanes have come to their end.
    pub(crate) async fn finish(&mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.lanes.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Undoes whatever is still broken and waits until everything is ready.
    pub(crate) async fn calm(&self) -> anyhow::Result<()> {
        self.hands.calm().await
    }
}

/// What a profile can break in a system.
pub(super) fn targets(system: &System) -> Targets {
    Targets {
        servers: system.servers.iter().map(|it| it.name.clone()).collect(),
        redis: system.redis.iter().map(|it| it.name.to_owned()).collect(),
        wires: system.links.iter().flat_map(|it| vec![it.name.clone(); share(&it.name)]).collect(),
    }
}

/// How often a wire is drawn: there are three to Redis for each one that money depends on.
fn share(wire: &str) -> usize {
    let is_redis = ["session/", "cache/", "ratelimit/"].iter().any(|it| wire.starts_with(it));
    if is_redis { 1 } else { 6 }
}

async fn run(hands: Arc<Hands>, lane: Lane, seed: u64, until: Until) -> anyhow::Result<()> {
    let mut planner = Planner::new(lane, targets(&hands.system), seed);
    let mut steps = 0;
    while until.steps.is_none_or(|most| steps < most) {
        let Some((gap_ms, act)) = planner.next() else { return Ok(()) };
        let at = Instant::now() + Duration::from_millis(gap_ms);
        if at >= until.deadline {
            return Ok(());
        }
        sleep_until(at).await;
        steps += 1;
        let number = hands.next_number();
        hands.history.tell(What::Fault { number, act: act.clone() })?;
        let note = hands.perform(&act).await.map_err(|error| error.context(act.label()))?;
        hands.history.tell(What::Healed { number, note })?;
    }
    Ok(())
}
