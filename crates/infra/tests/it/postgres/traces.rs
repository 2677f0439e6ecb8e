//! A task knows the trace of what stored it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use domain::{
    ids::OrderId,
    tasks::{NewTask, TaskKind, TaskQueue, Wanted},
};
use infra::{crypto::Sealer, postgres::Postgres};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use sqlx::PgPool;
use tracing::{Instrument as _, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

const TASK: TaskKind = TaskKind::CloseUpstream;

/// The trace of the one task that can be claimed.
async fn trace(store: &Postgres) -> Option<String> {
    let hour = Duration::from_hours(1);
    let wanted = Wanted { kind: TASK, room: 10, lease: hour, max_attempts: 3 };
    let mut claimed = store.claim(&[wanted], "worker").await.unwrap();
    assert_eq!(claimed.claims.len(), 1);
    let claim = claimed.claims.remove(0);
    store.release(std::slice::from_ref(&claim)).await.unwrap();
    claim.trace
}

fn trace_id(span: &Span) -> String {
    span.context().span().span_context().trace_id().to_string()
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_last_that_wanted_it_is_followed(pool: PgPool) {
    let store = Postgres::with_pool(pool, Sealer::from_hex(&"5a".repeat(32).into()).unwrap());
    let tracer = SdkTracerProvider::builder().build().tracer("test");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let task = NewTask::new(TASK, OrderId::new(7));

    store.enqueue_now(&task).await.unwrap();
    assert_eq!(trace(&store).await, None, "nobody traced");

    let _tracing = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    for name in ["first", "second"] {
        let span = info_span!("request", name);
        store.enqueue_now(&task).instrument(span.clone()).await.unwrap();
        let stored = trace(&store).await.unwrap();
        assert!(stored.contains(&trace_id(&span)), "{stored}");
    }
}
