/// What is broken side by side, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    /// How long it goes on unless told otherwise.
    pub(crate) minutes: f64,
    pub(crate) lanes: &'static [Lane],
}

/// Faults that come one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    /// Between the end of one and the next, in milliseconds.
    pub(crate) gap_ms: (u64, u64),
    /// What comes, by weight.
    pub(crate) kinds: &'static [(u64, Kind)],
}

/// Kinds of faults. The details are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Kill(&'static str),
    Restart(&'static str),
    Pause(&'static str),
    KillPostgres,
    StopPostgres,
    FillDisk,
    FlushRedis,
    KillRedis,
    PauseRedis,
    Cut,
    Fuse,
    Weather,
    Deafen,
    Provider,
    Gateway,
}

const API: &str = "api-server";
const INGEST: &str = "webhook-ingest";
const WORKER: &str = "task-worker";

const REDIS: Lane = Lane {
    name: "redis",
    gap_ms: (1500, 4000),
    kinds: &[(5, Kind::FlushRedis), (3, Kind::KillRedis), (2, Kind::PauseRedis)],
};

const CUTS: Lane =
    Lane { name: "cuts", gap_ms: (0, 250), kinds: &[(5, Kind::Fuse), (1, Kind::Cut)] };

const WEATHER: Lane =
    Lane { name: "weather", gap_ms: (100, 800), kinds: &[(4, Kind::Weather), (1, Kind::Deafen)] };

const WORLD: Lane =
    Lane { name: "world", gap_ms: (500, 2500), kinds: &[(3, Kind::Provider), (1, Kind::Gateway)] };

/// Everything at once.
const ALL: &[Lane] = &[
    Lane {
        name: API,
        gap_ms: (500, 2500),
        kinds: &[(8, Kind::Kill(API)), (1, Kind::Pause(API)), (1, Kind::Restart(API))],
    },
    Lane {
        name: INGEST,
        gap_ms: (500, 2500),
        kinds: &[(8, Kind::Kill(INGEST)), (1, Kind::Pause(INGEST)), (1, Kind::Restart(INGEST))],
    },
    Lane {
        name: WORKER,
        gap_ms: (500, 2500),
        kinds: &[(6, Kind::Kill(WORKER)), (3, Kind::Pause(WORKER)), (1, Kind::Restart(WORKER))],
    },
    Lane {
        name: "postgres",
        gap_ms: (5000, 9000),
        kinds: &[(7, Kind::KillPostgres), (1, Kind::StopPostgres), (2, Kind::FillDisk)],
    },
    REDIS,
    CUTS,
    WEATHER,
    WORLD,
];

/// One kind of fault only, as often as it can be had.
const fn only(name: &'static str, minutes: f64, lanes: &'static [Lane]) -> Profile {
    Profile { name, minutes, lanes }
}

const PROFILES: [Profile; 9] = [
    only("short", 1.0, ALL),
    only("full", 15.0, ALL),
    only(
        "kills",
        5.0,
        &[
            Lane { name: API, gap_ms: (0, 150), kinds: &[(1, Kind::Kill(API))] },
            Lane { name: INGEST, gap_ms: (0, 150), kinds: &[(1, Kind::Kill(INGEST))] },
            // Somebody has to get through a whole pass now and then.
            Lane { name: WORKER, gap_ms: (200, 900), kinds: &[(1, Kind::Kill(WORKER))] },
        ],
    ),
    only(
        "pauses",
        5.0,
        &[
            Lane { name: WORKER, gap_ms: (100, 400), kinds: &[(1, Kind::Pause(WORKER))] },
            Lane { name: API, gap_ms: (500, 2000), kinds: &[(1, Kind::Pause(API))] },
        ],
    ),
    only(
        "postgres",
        5.0,
        &[Lane { name: "postgres", gap_ms: (200, 1500), kinds: &[(1, Kind::KillPostgres)] }],
    ),
    only(
        "disk",
        5.0,
        &[Lane { name: "disk", gap_ms: (1000, 3000), kinds: &[(1, Kind::FillDisk)] }],
    ),
    only("redis", 5.0, &[Lane { name: "redis", gap_ms: (200, 800), ..REDIS }]),
    only(
        "wires",
        5.0,
        &[
            Lane { name: "cuts", gap_ms: (0, 100), ..CUTS },
            Lane { name: "weather", gap_ms: (0, 300), ..WEATHER },
        ],
    ),
    only("world", 5.0, &[Lane { name: "world", gap_ms: (100, 500), ..WORLD }]),
];

/// The profile of that name.
pub(crate) fn profile(name: &str) -> Option<Profile> {
    PROFILES.into_iter().find(|profile| profile.name == name)
}

/// The names of all profiles.
pub(crate) fn names() -> [&'static str; 9] {
    PROFILES.map(|profile| profile.name)
}
