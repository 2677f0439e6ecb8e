use std::collections::BTreeMap;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::join_all;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A dependency that does not answer within this time is as good as down.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type CheckResult = Result<(), Box<dyn Error + Send + Sync>>;
type Check = dyn Fn() -> Pin<Box<dyn Future<Output = CheckResult> + Send>> + Send + Sync;

/// What readiness depends on.
#[derive(Clone)]
pub struct Health {
    draining: CancellationToken,
    checks: Vec<(&'static str, Arc<Check>)>,
}

impl Health {
    /// Ready until `draining` is cancelled: pass the soft stop.
    pub fn new(draining: CancellationToken) -> Self {
        Self { draining, checks: Vec::new() }
    }

    /// Also asks `check` each time; its error is logged, callers see only that `name` failed.
    #[must_use]
    pub fn check<F, Fut, E>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let boxed = move || -> Pin<Box<dyn Future<Output = CheckResult> + Send>> {
            let checking = check();
            Box::pin(async move { checking.await.map_err(Into::into) })
        };
        self.checks.push((name, Arc::new(boxed)));
        self
    }
}

/// `/health`, `/health/ready` and `/metrics`.
pub fn health_routes(health: Health, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/health", get(async || Json(json!({ "status": "ok" }))))
        .route("/health/ready", get(ready).with_state(health))
        .route("/metrics", get(render).with_state(metrics))
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    checks: BTreeMap<&'static str, &'static str>,
}

async fn ready(State(health): State<Health>) -> Response {
    let checks: BTreeMap<_, _> =
        join_all(health.checks.iter().map(|(name, check)| run(name, check)))
            .await
            .into_iter()
            .collect();
    let draining = health.draining.is_cancelled();
    let failed = checks.values().any(|outcome| *outcome != "ok");
    let (code, status) = match (draining, failed) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, true) => (StatusCode::SERVICE_UNAVAILABLE, "failed"),
        (false, false) => (StatusCode::OK, "ok"),
    };
    (code, Json(Readiness { status, checks })).into_response()
}

async fn run(name: &'static str, check: &Arc<Check>) -> (&'static str, &'static str) {
    match timeout(CHECK_TIMEOUT, check()).await {
        Ok(Ok(())) => return (name, "ok"),
        Ok(Err(error)) => tracing::warn!(check = name, %error, "readiness check {name} failed"),
        Err(_) => tracing::warn!(check = name, "readiness check {name} took too long"),
    }
    (name, "failed")
}

async fn render(State(metrics): State<PrometheusHandle>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
}
