use std::time::Duration;

use axum::response::{Html, IntoResponse, Response};

use super::GatewayFaults;
use crate::{courier::Courier, wire::Scissors};

/// Longer than any client waits.
const SILENCE: Duration = Duration::from_mins(2);

/// Does `work` and answers with what it comes to, or with what `faults` make of that. `broken` is
/// what the gateway says when it fails.
///
/// The work runs in the background, so that a caller who gives up cannot undo it.
pub(crate) async fn answer(
    courier: &Courier,
    faults: GatewayFaults,
    scissors: Scissors,
    broken: fn() -> Response,
    work: impl Future<Output = Response> + Send + 'static,
) -> Response {
    if faults.drop {
        return scissors.cut();
    }
    if faults.http_500 {
        return broken();
    }
    let handled = courier.run(async move {
        tokio::time::sleep(faults.latency()).await;
        work.await
    });
    let response = handled.await;
    if faults.timeout_after_commit {
        courier.pause(SILENCE).await;
        return scissors.cut();
    }
    if faults.drop_after_commit {
        return scissors.cut();
    }
    if faults.http_500_after_commit {
        return broken();
    }
    if faults.garbage_after_commit {
        return Html("<html><h1>Just a moment...</h1></html>").into_response();
    }
    response.unwrap_or_else(broken)
}
