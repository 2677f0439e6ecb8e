//! What the kernel says about processes.

use std::{collections::BTreeMap, fs};

use anyhow::Context;

use crate::stats::counter;

/// Ticks of `/proc/*/stat` in a second, the same on every machine we run on.
const TICKS: f64 = 100.0;

/// Memory of a process, in KiB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    /// The most it ever was.
    pub(crate) peak: u64,
}

pub(crate) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"));
    let status = status.with_context(|| format!("process {pid} is gone"))?;
    let kib = |label: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(label));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
    };
    Ok(Memory { resident: kib("VmRSS:"), peak: kib("VmHWM:") })
}

/// Processes whose CPU time is of interest, by the name of their group.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    groups: BTreeMap<&'static str, u32>,
    postmaster: u32,
}

/// CPU seconds by group.
pub(crate) type CpuSeconds = BTreeMap<&'static str, f64>;

impl Watch {
    pub(crate) const POSTGRES: &'static str = "PostgreSQL";
    pub(crate) const LOAD: &'static str = "load generator";

    /// Watches `processes`, the database server with all its children, and ourselves with pgbench.
    pub(crate) fn new(
        postmaster: u32,
        processes: impl IntoIterator<Item = (&'static str, u32)>,
    ) -> Self {
        Self { groups: processes.into_iter().collect(), postmaster }
    }

    /// Everything used up to now.
    pub(crate) fn read(&self) -> anyhow::Result<CpuSeconds> {
        let mut used = CpuSeconds::new();
        for (name, pid) in &self.groups {
            used.insert(name, Stat::of(*pid)?.own);
        }
        let own = Stat::of(std::process::id())?;
        used.insert(Self::LOAD, own.own + own.ended_children);
        used.insert(Self::POSTGRES, self.postgres()?);
        Ok(used)
    }

    /// A backend that ends passes its time on to the postmaster, so the sum misses nothing.
    fn postgres(&self) -> anyhow::Result<f64> {
        let postmaster = Stat::of(self.postmaster)?;
        let mut used = postmaster.own + postmaster.ended_children;
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            // One that ends while we look has passed its time on, to be seen the next time.
            if let Ok(stat) = Stat::of(pid)
                && stat.parent == self.postmaster
            {
                used += stat.own;
            }
        }
        Ok(used)
    }
}

/// What was used between two readings.
pub(crate) fn used(before: &CpuSeconds, after: &CpuSeconds) -> CpuSeconds {
    let earlier = |name| before.get(name).copied().unwrap_or_default();
    after.iter().map(|(name, seconds)| (*name, seconds - earlier(name))).collect()
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Stat {
    fn of(pid: u32) -> anyhow::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"));
        let text = text.with_context(|| format!("process {pid} is gone"))?;
        Self::parse(&text).with_context(|| format!("cannot read the times of process {pid}"))
    }

    /// The name in brackets may hold blanks and brackets, so fields count from its end.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let ticks = |index: usize| Some(counter(number(index)? + number(index + 1)?) / TICKS);
        Some(Self {
            parent: number(1)?.try_into().ok()?,
            own: ticks(11)?,
            ended_children: ticks(13)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_process_with_an_awkward_name() {
        let text = "42 (a) b) S 7 1 1 0 -1 0 0 0 0 0 150 50 1000 200 20 0 1 0 5";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.parent, stat.own, stat.ended_children), (7, 2.0, 12.0));
    }

    #[test]
    fn knows_this_process() {
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
        let parent = Stat::of(std::process::id()).unwrap().parent;
        assert_eq!(parent, std::os::unix::process::parent_id());
    }
}
