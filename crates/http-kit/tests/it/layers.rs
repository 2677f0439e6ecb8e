use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::routing::{get, post as post_to};
use axum::{Extension, Router};
use http_kit::{Limits, Reply, RequestId, standard};
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::ServiceExt as _;

use crate::support::{Log, get as get_from, post, send};

fn router() -> Router {
    let nested = Router::new().route("/secret/{token}", get(async || Reply::new("hidden")));
    let router = Router::new()
        .route("/ok", get(async || Reply::new("fine")))
        .route("/id", get(async |Extension(id): Extension<RequestId>| id.as_str().to_owned()))
        .route("/echo/{text}", post_to(async |body: String| body))
        .route("/panic", get(async || assert!(std::env::args().count() == 0, "at the disco")))
        .route("/slow", get(std::future::pending::<()>))
        .nest("/v1", nested);
    standard(router, Limits::default())
}

async fn with_id(path: &str, id: &str) -> String {
    let request = Request::get(path).header("x-request-id", id).body(Body::empty()).unwrap();
    send(&router(), request).await.header("x-request-id").to_owned()
}

#[tokio::test]
async fn keeps_a_sane_request_id() {
    let longest = "a".repeat(128);
    for id in ["a", "A-Z_0.9", &longest] {
        assert_eq!(with_id("/ok", id).await, id);
    }
    let request = Request::get("/id").header("x-request-id", "mine").body(Body::empty()).unwrap();
    assert_eq!(send(&router(), request).await.body, "mine");
}

#[tokio::test]
async fn replaces_any_other_request_id() {
    let too_long = "a".repeat(129);
    for id in ["", "two words", "semi;colon", "umläut", &too_long] {
        let given = with_id("/ok", id).await;
        assert_eq!(given.len(), 32, "{id}");
        assert!(given.bytes().all(|byte| byte.is_ascii_hexdigit()), "{given}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_answer_has_an_id_and_the_envelope() {
    for (path, status, body) in [
        ("/ok", 200, r#"{"success":true,"data":"fine"}"#),
        (
            "/nowhere",
            404,
            r#"{"success":false,"error":{"code":"NOT_FOUND","message":"Not found"}}"#,
        ),
        (
            "/v1/nowhere",
            404,
            r#"{"success":false,"error":{"code":"NOT_FOUND","message":"Not found"}}"#,
        ),
        (
            "/echo/x",
            405,
            r#"{"success":false,"error":{"code":"NOT_FOUND","message":"This path does not take this method"}}"#,
        ),
        (
            "/panic",
            500,
            r#"{"success":false,"error":{"code":"INTERNAL_ERROR","message":"Something went wrong on our side"}}"#,
        ),
        (
            "/slow",
            503,
            r#"{"success":false,"error":{"code":"SERVICE_UNAVAILABLE","message":"The service is temporarily unavailable"}}"#,
        ),
    ] {
        let answer = get_from(&router(), path).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (status, body), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
    }
    assert_eq!(get_from(&router(), "/echo/x").await.header("allow"), "POST");
}

#[tokio::test(start_paused = true)]
async fn gives_up_on_time() {
    let limits = Limits { time: Duration::from_secs(3), ..Limits::default() };
    let router = standard(Router::new().route("/", get(std::future::pending::<()>)), limits);
    let started = tokio::time::Instant::now();
    assert_eq!(get_from(&router, "/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn one_line_per_request_tells_the_template_and_no_secret() {
    let (log, _guard) = Log::capture();
    let path = "/v1/secret/hunter2?key=hunter3";
    let request = Request::get(path).header("x-request-id", "r-1").body(Body::empty()).unwrap();
    send(&router(), request).await;
    post(&router(), "/echo/hunter4", "hunter5").await;
    get_from(&router(), "/hunter6").await;
    let lines = log.lines_with("request answered with");
    assert_eq!(lines.len(), 3, "{}", log.text());
    assert!(!log.text().contains("hunter"), "{}", log.text());
    let first = lines.first().unwrap();
    for part in [
        "request_id=\"r-1\"",
        "http.method=\"GET\"",
        "http.route=\"/v1/secret/{token}\"",
        "http.status=200",
        "latency_ms=",
        "INFO",
    ] {
        assert!(first.contains(part), "{part} in {first}");
    }
    assert!(lines.last().unwrap().contains("http.route=\"unmatched\""));
}

#[tokio::test]
async fn a_panic_is_logged_under_its_request() {
    let (log, _guard) = Log::capture();
    get_from(&router(), "/panic").await;
    let lines = log.lines_with("the handler panicked");
    assert_eq!(lines.len(), 1);
    assert!(lines.first().unwrap().contains("request_id="));
    assert_eq!(log.lines_with("http.status=500").len(), 1);
}

#[tokio::test]
async fn notices_a_caller_that_goes_away() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let (log, _guard) = Log::capture();
    let request = Request::get("/slow").body(Body::empty()).unwrap();
    let mut pending = Box::pin(router().oneshot(request));
    assert!(futures_util::poll!(&mut pending).is_pending());
    assert!(recorder.handle().render().contains("http_in_flight 1"));
    drop(pending);
    let metrics = recorder.handle().render();
    assert!(metrics.contains("http_in_flight 0"), "{metrics}");
    assert!(metrics.contains(r#"{method="GET",route="/slow",status="gone"} 1"#), "{metrics}");
    assert_eq!(log.lines_with("the caller went away").len(), 1);
}

#[tokio::test]
async fn metrics_grow_with_routes_not_with_callers() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    for path in ["/v1/secret/a", "/v1/secret/b", "/nowhere/1", "/nowhere/2", "/v1/nowhere"] {
        get_from(&router(), path).await;
    }
    let odd = Request::builder().method(Method::from_bytes(b"BREW").unwrap()).uri("/ok");
    send(&router(), odd.body(Body::empty()).unwrap()).await;
    get_from(&router(), "/panic").await;
    let metrics = recorder.handle().render();
    for line in [
        r#"http_requests_total{method="GET",route="/v1/secret/{token}",status="200"} 2"#,
        r#"http_requests_total{method="GET",route="unmatched",status="404"} 3"#,
        r#"http_requests_total{method="other",route="/ok",status="405"} 1"#,
        r#"http_requests_total{method="GET",route="/panic",status="500"} 1"#,
        r#"http_request_seconds_count{route="/v1/secret/{token}"} 2"#,
        "http_panics_total 1",
        "http_in_flight 0",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}
