use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

/// Proxies commonly cut connections that are silent for 30 to 60 seconds.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams `events` with a comment every 15 seconds and headers that keep proxies from buffering.
///
/// The stream ends when `stop` (the soft stop) is cancelled, so that it does not hold up shutdown;
/// clients reconnect by themselves.
pub fn event_stream<S>(events: S, stop: CancellationToken) -> Response
where
    S: Stream<Item = Event> + Send + 'static,
{
    let events = events.map(Ok::<_, Infallible>).take_until(stop.cancelled_owned());
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    let mut response = Sse::new(events).keep_alive(heartbeat).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
