//! The operator's command line.

use std::{io::Write as _, path::PathBuf};

use serde_json::Value;
use tokio::process::Command;

use super::process::Program;

/// `ctl` with the settings of a stack.
pub(crate) struct Ctl(pub(super) Program);

/// How a command ended.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ctl {
    /// Runs a command, which may fail.
    pub(crate) async fn try_run(&self, arguments: &[&str]) -> Done {
        let mut command = Command::from(self.0.command());
        let output = command.args(arguments).kill_on_drop(true).output().await.unwrap();
        let done = Done {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        // What it prints is for the operator; what it logs must keep secrets.
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.0.log);
        log.unwrap().write_all(done.stderr.as_bytes()).unwrap();
        done
    }

    /// Runs a command, which has to succeed, and reads what it prints as JSON.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Value {
        let done = self.try_run(&[arguments, &["--json"]].concat()).await;
        let told = format!("ctl {}: {}\n{}", arguments.join(" "), done.stdout, done.stderr);
        assert_eq!(done.code, 0, "{told}");
        serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {told}"))
    }

    pub(super) fn log(&self) -> PathBuf {
        self.0.log.clone()
    }
}
