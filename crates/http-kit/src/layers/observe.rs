use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, gauge, histogram};
use tracing::{Instrument, debug, info, info_span};

use super::RequestId;

/// Asked for every few seconds by machines; their lines would drown the others.
const QUIET: [&str; 3] = ["/health", "/health/ready", "/metrics"];

/// One span, one log line and one set of metrics per request.
///
/// Only the route's template is recorded: paths and queries may hold secrets, and their number
/// has no bound.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("unmatched", MatchedPath::as_str).to_owned();
    let id = request.extensions().get::<RequestId>().map_or("", RequestId::as_str);
    let method = method_label(request.method());
    let span =
        info_span!("request", request_id = id, http.method = method, http.route = route.as_str());
    let outcome = Outcome::begin(method, route);
    async move {
        let response = next.run(request).await;
        outcome.finish(response.status());
        response
    }
    .instrument(span)
    .await
}

/// Callers may invent methods; metrics must not grow with them.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A request in flight; also notices when the caller goes away before the answer.
struct Outcome {
    method: &'static str,
    route: String,
    started: Instant,
    status: Option<StatusCode>,
}

impl Outcome {
    fn begin(method: &'static str, route: String) -> Self {
        gauge!("http_in_flight").increment(1.0);
        Self { method, route, started: Instant::now(), status: None }
    }

    fn finish(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        let latency_ms = elapsed.as_secs_f64() * 1000.0;
        let label = self.status.map_or_else(|| "gone".to_owned(), |s| s.as_str().to_owned());
        gauge!("http_in_flight").decrement(1.0);
        histogram!("http_request_seconds", "route" => self.route.clone()).record(elapsed);
        counter!(
            "http_requests_total",
            "method" => self.method, "route" => self.route.clone(), "status" => label
        )
        .increment(1);
        match self.status.map(|status| status.as_u16()) {
            Some(status) if QUIET.contains(&self.route.as_str()) => {
                debug!(http.status = status, latency_ms, "request answered with {status}");
            }
            Some(status) => {
                info!(http.status = status, latency_ms, "request answered with {status}");
            }
            None => info!(latency_ms, "the caller went away before the answer"),
        }
    }
}
