//! The process that serves the public API.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::main_with("api-server", async |config, app| api_server::start(&config, app))
}
