//! Checks of the house, run by CI and by hand: `cargo run -q -p xtask -- <task>`.

mod arch;
mod deny;
mod docs;
mod report;
mod size;
mod source;
mod sqlx_offline;
mod workspace;

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::report::Report;
use crate::workspace::Workspace;

const USAGE: &str = "\
Usage: cargo run -q -p xtask -- <task>

Tasks:
  arch          who may depend on what, and what each crate may name
  size          length of files and functions, parameters, line width
  deny          bans, licences and sources of deny.toml
  docs          links of the documentation, citations of invariants
  sqlx-check    .sqlx matches the queries (needs DATABASE_URL of a migrated database)
  sqlx-prepare  writes .sqlx anew (needs the same)
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(task), None) = (arguments.next(), arguments.next()) else {
        return usage();
    };
    let outcome = match task.as_str() {
        "arch" => in_workspace(arch::check),
        "size" => in_workspace(size::check),
        "deny" => in_workspace(deny::check),
        "docs" => in_workspace(docs::check),
        "sqlx-check" => in_workspace(sqlx_offline::check),
        "sqlx-prepare" => in_workspace(sqlx_offline::prepare),
        _ => return usage(),
    };
    match outcome.and_then(|report| Ok((report.print(&mut io::stdout().lock(), &task)?, report))) {
        Ok(((), report)) if report.is_clean() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "xtask {task}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn in_workspace(task: impl Fn(&Workspace) -> anyhow::Result<Report>) -> anyhow::Result<Report> {
    task(&Workspace::discover()?)
}

fn usage() -> ExitCode {
    let _ = io::stderr().write_all(USAGE.as_bytes());
    ExitCode::from(2)
}
