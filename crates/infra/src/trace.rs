use opentelemetry::trace::TraceContextExt as _;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Where others may go on with the trace of this moment: a `traceparent` of W3C Trace Context,
/// version 00. Nothing when nobody traces.
pub(crate) fn parent() -> Option<String> {
    let context = Span::current().context();
    let at = context.span().span_context().clone();
    let flags = at.trace_flags().to_u8();
    at.is_valid().then(|| format!("00-{}-{}-{flags:02x}", at.trace_id(), at.span_id()))
}
