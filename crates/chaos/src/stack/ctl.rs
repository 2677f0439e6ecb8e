use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::time::timeout;

use super::process::Program;

/// The operator's command line.
pub(crate) struct Ctl(pub(super) Program);

/// How a command ended.
pub(crate) struct Done {
    /// Absent when it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ctl {
    /// Runs a command, which may fail; it is killed when it takes longer than `limit`.
    pub(crate) async fn try_run(
        &self,
        arguments: &[&str],
        limit: Duration,
    ) -> anyhow::Result<Done> {
        let mut command = self.0.command();
        let output = command.args(arguments).arg("--json").output();
        let Ok(output) = timeout(limit, output).await else {
            return Ok(Done { code: None, stdout: String::new(), stderr: "killed".to_owned() });
        };
        let output = output.context("cannot run ctl")?;
        Ok(Done {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Runs a command, which has to succeed, and reads what it prints.
    pub(crate) async fn run(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let done = self.try_run(arguments, super::process::PATIENCE).await?;
        let said = done.stderr.trim();
        ensure!(done.code == Some(0), "ctl {}: {said}", arguments.join(" "));
        serde_json::from_str(&done.stdout)
            .with_context(|| format!("ctl {} printed {:?}", arguments.join(" "), done.stdout))
    }
}
