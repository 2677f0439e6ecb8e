use std::fs;

use serde_json::{Value, json};

use crate::{
    proc_fs::{self, Memory},
    stack::{Ground, Process, Servers},
};

/// How large one server is, on disk and in memory.
#[derive(Debug, Clone)]
pub(crate) struct Footprint {
    pub(crate) name: &'static str,
    pub(crate) binary_bytes: u64,
    /// KiB when it has just become ready.
    pub(crate) idle: u64,
    /// The most KiB seen in the middle of a run of purchases.
    pub(crate) loaded: u64,
    /// KiB after everything, and the most it ever was.
    pub(crate) after: Memory,
    pid: u32,
}

impl Footprint {
    pub(crate) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "binary_bytes": self.binary_bytes,
            "idle_kib": self.idle,
            "loaded_kib": self.loaded,
            "after_kib": self.after.resident,
            "peak_kib": self.after.peak,
        })
    }
}

/// Footprints in the making.
pub(super) struct Sizes(Vec<Footprint>);

impl Sizes {
    pub(super) fn idle(ground: &Ground<'_>, servers: &Servers) -> anyhow::Result<Self> {
        let look = |process: &Process| {
            Ok(Footprint {
                name: process.name,
                binary_bytes: fs::metadata(ground.binary(process.name))?.len(),
                idle: proc_fs::memory(process.pid)?.resident,
                loaded: 0,
                after: Memory::default(),
                pid: process.pid,
            })
        };
        servers.all().into_iter().map(look).collect::<anyhow::Result<_>>().map(Self)
    }

    pub(super) fn loaded(&mut self) -> anyhow::Result<()> {
        for footprint in &mut self.0 {
            let now = proc_fs::memory(footprint.pid)?.resident;
            footprint.loaded = footprint.loaded.max(now);
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> anyhow::Result<Vec<Footprint>> {
        for footprint in &mut self.0 {
            footprint.after = proc_fs::memory(footprint.pid)?;
        }
        Ok(self.0)
    }
}
