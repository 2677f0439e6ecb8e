//! A small disk that can be made full at will.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tokio::process::Command;

/// A file system in memory; unmounted with the value.
pub(super) struct Tmpfs {
    place: PathBuf,
    kib: u64,
}

impl Tmpfs {
    /// Fails where mounting is not permitted.
    pub(super) async fn mount(place: &Path, mib: u64) -> anyhow::Result<Self> {
        let kib = mib * 1024;
        let size = format!("size={kib}k,mode=0711");
        let place = place.to_owned();
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "chaos"]).arg(&place)).await?;
        Ok(Self { place, kib })
    }

    /// Leaves no more room than `spare_kib`.
    pub(super) async fn fill(&self, spare_kib: u64) -> anyhow::Result<()> {
        let used = self.used_kib().await?;
        self.resize(used + spare_kib).await
    }

    /// Gives all the room back.
    pub(super) async fn grow(&self) -> anyhow::Result<()> {
        self.resize(self.kib).await
    }

    async fn resize(&self, kib: u64) -> anyhow::Result<()> {
        let size = format!("remount,size={kib}k");
        run(Command::new("mount").args(["-o", &size]).arg(&self.place)).await.map(drop)
    }

    async fn used_kib(&self) -> anyhow::Result<u64> {
        let told = run(Command::new("df").args(["-k", "--output=used"]).arg(&self.place)).await?;
        let used = told.lines().nth(1).map(str::trim).and_then(|used| used.parse().ok());
        used.with_context(|| format!("df tells {told:?}"))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: a process that is still ending must not keep the mount for ever.
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.place).status();
    }
}

async fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.kill_on_drop(true).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{:?}: {}", command.as_std(), said.trim());
    Ok(String::from_utf8(output.stdout)?)
}
