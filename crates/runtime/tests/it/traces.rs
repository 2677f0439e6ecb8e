use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use runtime::telemetry::go_on;
use tracing::info_span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

#[test]
fn a_span_goes_on_in_the_trace_that_is_named() {
    let tracer = SdkTracerProvider::builder().build().tracer("test");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let trace = |parent: &str| {
            let span = info_span!("attempt");
            go_on(&span, parent);
            span.context().span().span_context().trace_id().to_string()
        };
        let named = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace(&format!("00-{named}-00f067aa0ba902b7-01")), named);
        for unreadable in ["", "00", "00-zz-00f067aa0ba902b7-01", "trace"] {
            assert!(![named, &"0".repeat(32)].contains(&trace(unreadable).as_str()));
        }
    });
}
