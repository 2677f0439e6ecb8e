use std::time::Duration;

use axum::response::sse::Event;
use futures_util::{StreamExt as _, stream};
use http_kit::event_stream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

#[tokio::test(start_paused = true)]
async fn beats_while_nothing_happens_and_ends_at_the_stop() {
    let stop = CancellationToken::new();
    let first = stream::iter([Event::default().id("1").data("ACTIVE")]);
    let response = event_stream(first.chain(stream::pending()), stop.clone());
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    assert_eq!(response.headers()["x-accel-buffering"], "no");

    let mut frames = response.into_body().into_data_stream();
    let mut next = async || frames.next().await.map(|frame| frame.unwrap());
    assert_eq!(next().await.unwrap(), "id: 1\ndata: ACTIVE\n\n");
    let started = Instant::now();
    assert_eq!(next().await.unwrap(), ":\n\n");
    assert_eq!(next().await.unwrap(), ":\n\n");
    assert_eq!(started.elapsed(), Duration::from_secs(30));
    stop.cancel();
    assert!(next().await.is_none());
}
