//! Plays the demo: a customer's day, against the running local stack.

use std::process::ExitCode;

fn main() -> ExitCode {
    ctl::story::main()
}
