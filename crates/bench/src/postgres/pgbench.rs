use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail, ensure};

use super::{Login, Script};
use crate::{load::Rate, stats::percentile_ms};

/// pgbench against one database.
pub(crate) struct Pgbench<'a> {
    pub(crate) login: &'a Login,
    pub(crate) database: &'a str,
    /// Where scripts and logs go.
    pub(crate) folder: &'a Path,
}

/// How many clients run a script, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) clients: u32,
    pub(crate) length: Duration,
}

impl Pgbench<'_> {
    /// Runs `script` in prepared mode over TCP, all clients on one thread as in the load generator.
    pub(crate) async fn run(&self, script: &Script, run: Run) -> anyhow::Result<Rate> {
        fs::create_dir_all(self.folder)?;
        let file = self.folder.join("purchase.sql");
        fs::write(&file, &script.text)?;
        let log = self.folder.join("latency");
        let mut command = self.login.command("pgbench", self.database);
        command.args(["-n", "-M", "prepared", "-j", "1", "-l"]);
        command.args(["-c", &run.clients.to_string(), "-T", &run.length.as_secs().to_string()]);
        command.arg(format!("--log-prefix={}", log.display())).arg("-f").arg(&file);
        for (name, value) in &script.variables {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run pgbench")?;
        let logged = child.id().map(|pid| PathBuf::from(format!("{}.{pid}", log.display())));
        let output = child.wait_with_output().await?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let logged = logged.context("pgbench has no process id")?;
        let latencies = read_latencies(&fs::read_to_string(&logged)?);
        fs::remove_file(&logged)?;
        rate(&said, latencies)
    }
}

fn rate(said: &str, mut latencies_us: Vec<u32>) -> anyhow::Result<Rate> {
    let after = |label: &str| said.lines().find_map(|line| line.strip_prefix(label));
    let failed = after("number of failed transactions: ").context("pgbench counts no failures")?;
    ensure!(failed.starts_with("0 "), "pgbench: {failed} transactions failed");
    let tps = after("tps = ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    latencies_us.sort_unstable();
    Ok(Rate {
        per_second: tps.context("pgbench states no rate")?,
        p50_ms: percentile_ms(&latencies_us, 50.0),
        p99_ms: percentile_ms(&latencies_us, 99.0),
        good: u64::try_from(latencies_us.len())?,
        refused: 0,
    })
}

/// Lines of client, transaction, microseconds, and more.
fn read_latencies(log: &str) -> Vec<u32> {
    log.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_pgbench_says() {
        let said = "number of transactions actually processed: 3\n\
                    number of failed transactions: 0 (0.000%)\n\
                    latency average = 2.1 ms\n\
                    tps = 1234.5 (without initial connection time)\n";
        let latencies = read_latencies("0 1 2000 0 1700000000 1\n1 1 1000 0 1700000000 2\n");
        let rate = rate(said, latencies).unwrap();
        assert_eq!((rate.per_second, rate.p50_ms, rate.p99_ms, rate.good), (1234.5, 1.0, 2.0, 2));
    }

    #[test]
    fn refuses_a_run_with_failures() {
        let said = "number of failed transactions: 2 (0.1%)\ntps = 1.0 (x)\n";
        rate(said, vec![1]).unwrap_err();
        rate("tps = 1.0 (x)\n", vec![1]).unwrap_err();
    }
}
