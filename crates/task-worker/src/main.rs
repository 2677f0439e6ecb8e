//! Outbox relay, reconcilers and periodic tasks.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::main_with("task-worker", task_worker::start)
}
