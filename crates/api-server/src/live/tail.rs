use std::{sync::Arc, time::Duration};

use domain::{ids::EventSeq, outbox::EventQueries};
use metrics::counter;
use runtime::Stop;
use tokio::time::sleep;

use super::Hub;

/// How often it is looked whether the feed has missed an event. A message is on its way for a few
/// milliseconds, so what is still missing at the next look is lost.
const INTERVAL: Duration = Duration::from_secs(1);

/// Finds events that the feed never mentioned, such as while Redis is down or when the relay died
/// between storing and publishing, and sends all streams to look for them.
pub async fn tail(events: Arc<dyn EventQueries>, hub: Hub, stop: Stop) {
    let mut overdue = EventSeq::new(0);
    loop {
        tokio::select! {
            () = sleep(INTERVAL) => {}
            () = stop.stopping() => return,
        }
        if hub.is_empty() {
            continue;
        }
        match events.newest().await {
            Ok(newest) => {
                if hub.catch_up(overdue, newest) {
                    counter!("sse_catch_ups_total").increment(1);
                    tracing::debug!(event.seq = %newest, "streams look for events the feed missed");
                }
                overdue = newest;
            }
            Err(error) => tracing::warn!(%error, "cannot look for events the feed missed"),
        }
    }
}
