use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};
use std::thread;

use metrics::counter;
use tracing::error;

/// Turns each panic into an error event instead of free text on standard error.
pub(super) fn log_them() {
    panic::set_hook(Box::new(log));
}

fn log(panic: &PanicHookInfo<'_>) {
    counter!("panics_total").increment(1);
    let message = panic.payload_as_str().unwrap_or("a panic without text");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = thread::current();
    let trace = Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    error!(
        panic.message = message,
        panic.location = location,
        panic.thread = thread.name().unwrap_or("unnamed"),
        panic.backtrace = trace,
        "panicked at {location}: {message}"
    );
}
