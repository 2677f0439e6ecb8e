//! Receives callbacks of SMS providers and payment gateways.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::main_with("webhook-ingest", webhook_ingest::start)
}
