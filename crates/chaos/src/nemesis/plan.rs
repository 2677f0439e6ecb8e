use serde_json::{Value, json};

use super::{
    Act,
    profile::{Kind, Lane},
};
use crate::{
    proxy::{Mode, Way},
    random::Random,
    stack::{GATEWAYS, PROVIDERS},
};

/// What there is to break, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Targets {
    pub(crate) servers: Vec<String>,
    pub(crate) redis: Vec<String>,
    pub(crate) wires: Vec<String>,
}

/// Draws the faults of one lane. The same seed draws the same ones, whatever happens meanwhile.
pub(crate) struct Planner {
    lane: Lane,
    targets: Targets,
    random: Random,
}

impl Planner {
    pub(crate) fn new(lane: Lane, targets: Targets, seed: u64) -> Self {
        Self { lane, targets, random: Random::of(seed, lane.name) }
    }

    /// The next fault and how long to wait before it, in milliseconds.
    pub(crate) fn next(&mut self) -> Option<(u64, Act)> {
        let gap = self.random.between(self.lane.gap_ms.0, self.lane.gap_ms.1);
        let kind = self.random.weighted(self.lane.kinds)?;
        Some((gap, self.act(kind)?))
    }

    fn act(&mut self, kind: Kind) -> Option<Act> {
        let random = &mut self.random;
        Some(match kind {
            Kind::Kill(kind) => Act::Kill { server: replica(random, &self.targets, kind)? },
            Kind::Restart(kind) => Act::Restart { server: replica(random, &self.targets, kind)? },
            Kind::Pause(kind) => {
                let server = replica(random, &self.targets, kind)?;
                Act::Pause { server, ms: random.between(2500, 5000) }
            }
            Kind::KillPostgres => Act::KillPostgres,
            Kind::StopPostgres => Act::StopPostgres,
            Kind::FillDisk => {
                Act::FillDisk { spare_kib: random.between(0, 512), ms: random.between(500, 2500) }
            }
            Kind::FlushRedis => Act::FlushRedis { redis: one(random, &self.targets.redis)? },
            Kind::KillRedis => {
                let redis = one(random, &self.targets.redis)?;
                Act::KillRedis { redis, ms: random.between(0, 3000) }
            }
            Kind::PauseRedis => {
                let redis = one(random, &self.targets.redis)?;
                Act::PauseRedis { redis, ms: random.between(500, 4000) }
            }
            Kind::Cut => Act::Cut { wire: one(random, &self.targets.wires)? },
            Kind::Fuse => {
                let wire = one(random, &self.targets.wires)?;
                let way = if random.chance(60) { Way::Back } else { Way::There };
                // Short messages are as likely to be torn as long ones.
                let scale = random.between(1, 14);
                Act::Fuse { wire, way, bytes: random.below(1 << scale) }
            }
            Kind::Weather => {
                let wire = one(random, &self.targets.wires)?;
                let (mode, ms) = weather(random);
                Act::Weather { wire, mode, ms }
            }
            Kind::Deafen => {
                let wire = one(random, &self.targets.wires)?;
                Act::Deafen { wire, ms: random.between(1000, 8000) }
            }
            Kind::Provider => {
                let provider = (*random.pick(&PROVIDERS)?).to_owned();
                Act::Provider {
                    provider,
                    faults: provider_faults(random),
                    ms: random.between(300, 3000),
                }
            }
            Kind::Gateway => {
                let gateway = (*random.pick(&GATEWAYS)?).to_owned();
                let faults = gateway_faults(&gateway, random);
                Act::Gateway { gateway, faults, ms: random.between(300, 3000) }
            }
        })
    }
}

fn one(random: &mut Random, names: &[String]) -> Option<String> {
    random.pick(names).cloned()
}

fn replica(random: &mut Random, targets: &Targets, kind: &str) -> Option<String> {
    let fits = |name: &&String| name.rsplit_once('-').is_some_and(|(known, _)| known == kind);
    let replicas: Vec<_> = targets.servers.iter().filter(fits).cloned().collect();
    one(random, &replicas)
}

fn weather(random: &mut Random) -> (Mode, u64) {
    match random.below(10) {
        0..=3 => (Mode::Late(random.between(2, 150)), random.between(300, 2500)),
        4..=5 => (Mode::Slow(random.between(500, 50_000)), random.between(300, 2500)),
        6..=8 => (Mode::Dark, random.between(200, 5000)),
        _ => (Mode::Refusing, random.between(100, 1500)),
    }
}

fn provider_faults(random: &mut Random) -> Value {
    let ms = random.between(100, 2500);
    let copies = random.between(1, 4);
    let kinds = [
        json!({ "latency_ms": ms }),
        json!({ "latency_after_commit_ms": ms }),
        json!({ "timeout_after_commit": true }),
        json!({ "drop_after_commit": true }),
        json!({ "http_500": true }),
        json!({ "html_body": true }),
        json!({ "empty_body": true }),
        json!({ "garbage_body": true }),
        json!({ "http_500": true, "after_commit": true }),
        json!({ "html_body": true, "after_commit": true }),
        json!({ "garbage_body": true, "after_commit": true }),
        json!({ "no_numbers": true }),
        json!({ "no_balance": true }),
        json!({ "wrong_price": 9.5 }),
        json!({ "price_multiplier": 1.5 }),
        json!({ "callback_duplicates": copies }),
        json!({ "callback_delay_ms": ms, "callback_duplicates": copies }),
        json!({ "callback_reorder": true }),
        json!({ "no_callback": true }),
    ];
    random.pick(&kinds).cloned().unwrap_or_default()
}

fn gateway_faults(gateway: &str, random: &mut Random) -> Value {
    let ms = random.between(100, 2500);
    let early = if gateway == "stripe" { "before_reply_event" } else { "before_reply_callback" };
    let kinds = [
        json!({ "latency_ms": ms }),
        json!({ "timeout_after_commit": true }),
        json!({ "drop_after_commit": true }),
        json!({ "http_500": true }),
        json!({ "http_500_after_commit": true }),
        json!({ early: true }),
    ];
    random.pick(&kinds).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{
        super::profile::{names, profile},
        *,
    };

    fn targets() -> Targets {
        let names = |all: &[&str]| all.iter().map(ToString::to_string).collect();
        Targets {
            servers: names(&["api-server-0", "api-server-1", "webhook-ingest-0", "task-worker-0"]),
            redis: names(&["session"]),
            wires: names(&["providers", "front/api-server-0"]),
        }
    }

    #[test]
    fn draws_the_same_faults_from_the_same_seed() {
        let targets = targets();
        for name in names() {
            for lane in profile(name).unwrap().lanes {
                let draw = |seed| {
                    let mut planner = Planner::new(*lane, targets.clone(), seed);
                    (0..200).map(|_| planner.next().unwrap()).collect::<Vec<_>>()
                };
                assert_eq!(draw(1), draw(1), "{name}");
                assert_ne!(draw(1), draw(2), "{name}");
            }
        }
    }

    #[test]
    fn kills_only_replicas_of_the_kind() {
        let lane = profile("kills").unwrap().lanes[0];
        let mut planner = Planner::new(lane, targets(), 3);
        for _ in 0..100 {
            let Some((_, Act::Kill { server })) = planner.next() else { panic!() };
            assert!(server.starts_with("api-server-"), "{server}");
        }
    }
}
