//! Logs, traces, metrics and the panic hook of a process.

mod json;
mod measure;
mod panics;
mod traces;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

pub use json::JsonLines;
pub use measure::{MetricsError, Upkeep, metrics_handle, upkeep};
pub use traces::{Traces, go_on};

use crate::config::{Log, LogFormat, Telemetry};

/// Why logs and traces could not be switched on.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not a list of directives.
    #[error("log.filter is not a list of log directives")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The exporter could not be built.
    #[error("the trace exporter cannot be built")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Somebody has installed a subscriber before.
    #[error("a log subscriber is installed already")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
}

/// Sends logs to standard error, and traces to the collector if there is one; logs panics from
/// now on. Call [`Traces::flush`] before the process ends.
///
/// # Errors
/// If called twice, or if filter or exporter cannot be built.
pub fn init(binary: &str, log: &Log, telemetry: &Telemetry) -> Result<Traces, TelemetryError> {
    let filter: EnvFilter = log.filter.parse()?;
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Json => JsonLines::new(std::io::stderr).boxed(),
        LogFormat::Pretty => fmt::layer().pretty().with_writer(std::io::stderr).boxed(),
    };
    let (traces, exporting) = traces::layer(binary, telemetry)?;
    // The filter must be a layer of its own: as a filter of the others it remembers its last answer
    // per thread, and whoever only asks whether something is enabled, as sqlx does, makes it drop
    // the next event there.
    tracing_subscriber::registry().with(lines.and_then(exporting)).with(filter).try_init()?;
    panics::log_them();
    Ok(traces)
}
