use std::io;

use axum::Router;
use http_kit::{Health, Limits, health_routes, standard};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio_util::sync::CancellationToken;

use crate::support::{Answer, Log, get};

fn router(health: Health) -> Router {
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    standard(Router::new().merge(health_routes(health, metrics)), Limits::default())
}

async fn ready(health: Health) -> (u16, String) {
    let Answer { status, body, .. } = get(&router(health), "/health/ready").await;
    (status.as_u16(), body)
}

fn healthy() -> Health {
    Health::new(CancellationToken::new()).check("database", async || Ok::<_, io::Error>(()))
}

fn broken(health: Health) -> Health {
    health.check("redis", async || Err(io::Error::other("password hunter2 refused")))
}

#[tokio::test]
async fn is_ready_when_every_check_passes() {
    let expected = r#"{"status":"ok","checks":{"database":"ok"}}"#;
    assert_eq!(ready(healthy()).await, (200, expected.to_owned()));
}

#[tokio::test]
async fn a_failed_check_is_named_but_not_explained() {
    let (log, _guard) = Log::capture();
    let expected = r#"{"status":"failed","checks":{"database":"ok","redis":"failed"}}"#;
    assert_eq!(ready(broken(healthy())).await, (503, expected.to_owned()));
    assert_eq!(log.lines_with("readiness check redis failed").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_check_fails_after_two_seconds() {
    let health = healthy().check("stuck", std::future::pending::<io::Result<()>>);
    let started = tokio::time::Instant::now();
    let expected = r#"{"status":"failed","checks":{"database":"ok","stuck":"failed"}}"#;
    assert_eq!(ready(health).await, (503, expected.to_owned()));
    assert_eq!(started.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn is_not_ready_while_draining_but_still_alive() {
    let soft = CancellationToken::new();
    let router = router(Health::new(soft.clone()));
    assert_eq!(get(&router, "/health/ready").await.status, 200);
    soft.cancel();
    let answer = get(&router, "/health/ready").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, r#"{"status":"draining","checks":{}}"#);
    assert_eq!(get(&router, "/health").await.status, 200);
}

#[tokio::test]
async fn liveness_asks_nobody() {
    let answer = get(&router(broken(healthy())), "/health").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"status":"ok"}"#));
}

#[tokio::test]
async fn shows_the_metrics() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    metrics::counter!("orders_total").increment(3);
    let router = health_routes(healthy(), recorder.handle());
    let answer = get(&router, "/metrics").await;
    assert!(answer.body.contains("orders_total 3\n"), "{}", answer.body);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
}
