use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::proxy::{Mode, Way};

/// One fault, with everything there is to know about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(crate) enum Act {
    /// `kill -9`, and started again at once.
    Kill {
        server: String,
    },
    /// Asked to end, and started again.
    Restart {
        server: String,
    },
    /// `SIGSTOP` for longer than its leases last, then `SIGCONT`.
    Pause {
        server: String,
        ms: u64,
    },
    /// `kill -9` of the server and all its processes, and started again at once.
    KillPostgres,
    /// Ended without a checkpoint, and started again at once.
    StopPostgres,
    /// The disk of Postgres is full.
    FillDisk {
        spare_kib: u64,
        ms: u64,
    },
    /// Redis forgets everything.
    FlushRedis {
        redis: String,
    },
    KillRedis {
        redis: String,
        ms: u64,
    },
    PauseRedis {
        redis: String,
        ms: u64,
    },
    /// All connections of a wire are reset.
    Cut {
        wire: String,
    },
    /// A connection is reset after an exact number of bytes.
    Fuse {
        wire: String,
        way: Way,
        bytes: u64,
    },
    /// Late, slow, dark or refusing.
    Weather {
        wire: String,
        mode: Mode,
        ms: u64,
    },
    /// Connections stay open, and nothing comes through any more; new ones work.
    Deafen {
        wire: String,
        ms: u64,
    },
    Provider {
        provider: String,
        faults: Value,
        ms: u64,
    },
    Gateway {
        gateway: String,
        faults: Value,
        ms: u64,
    },
}

impl Act {
    /// What reports count it as.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Kill { server } => format!("kill -9 of {}", kind(server)),
            Self::Restart { server } => format!("restart of {}", kind(server)),
            Self::Pause { server, .. } => format!("pause of {} beyond its leases", kind(server)),
            Self::KillPostgres => "kill -9 of Postgres with all its processes".to_owned(),
            Self::StopPostgres => "immediate shutdown of Postgres".to_owned(),
            Self::FillDisk { .. } => "full disk under Postgres".to_owned(),
            Self::FlushRedis { .. } => "flush of a Redis".to_owned(),
            Self::KillRedis { .. } => "kill -9 of a Redis".to_owned(),
            Self::PauseRedis { .. } => "pause of a Redis".to_owned(),
            Self::Cut { .. } => "reset of all connections of a wire".to_owned(),
            Self::Fuse { .. } => "reset at a random byte".to_owned(),
            Self::Weather { mode, .. } => match mode {
                Mode::Late(_) => "late wire".to_owned(),
                Mode::Slow(_) => "slow wire".to_owned(),
                Mode::Dark => "silent wire".to_owned(),
                Mode::Refusing => "refusing wire".to_owned(),
                Mode::Clear => "clear wire".to_owned(),
            },
            Self::Deafen { .. } => "half-open connections".to_owned(),
            Self::Provider { .. } => "faulty provider".to_owned(),
            Self::Gateway { .. } => "faulty gateway".to_owned(),
        }
    }
}

/// The name of a replica without its number.
fn kind(server: &str) -> &str {
    server.rsplit_once('-').map_or(server, |(kind, _)| kind)
}
