use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Span, Subscriber, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::TelemetryError;
use crate::config::Telemetry;

/// Longest wait for the collector, per export and at the end of the process.
const PATIENCE: Duration = Duration::from_secs(5);

/// The traces not yet exported.
#[derive(Debug)]
#[must_use = "call flush before the process ends"]
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Exports what is left; gives up after a few seconds. Blocks.
    pub fn flush(self) {
        if let Some(Err(error)) = self.0.map(|provider| provider.shutdown_with_timeout(PATIENCE)) {
            warn!(%error, "traces were not exported in time");
        }
    }
}

pub(super) fn layer<S>(
    binary: &str,
    telemetry: &Telemetry,
) -> Result<(Traces, Option<impl Layer<S> + Send + Sync + 'static>), TelemetryError>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let Some(endpoint) = &telemetry.otlp_endpoint else { return Ok((Traces(None), None)) };
    let name = telemetry.service_name.clone().unwrap_or_else(|| binary.to_owned());
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_timeout(PATIENCE)
        .build()?;
    let share = f64::from(telemetry.sample_percent) / 100.0;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
        .with_resource(Resource::builder().with_service_name(name).build())
        .build();
    let tracer = provider.tracer("switchboard");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    Ok((Traces(Some(provider)), Some(layer)))
}

/// Makes `span`, which must not have been entered yet, a part of the trace that `traceparent` (W3C
/// Trace Context) names. What is none is ignored: a trace is no reason to leave work undone.
pub fn go_on(span: &Span, traceparent: &str) {
    let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    // Refused where nobody traces, which is as good as done.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier));
}
