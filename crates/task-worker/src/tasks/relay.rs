use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    hooks::About,
    outbox::{EventRelay, Queue, StampedEvent, Wake},
    time::Clock,
};
use metrics::{counter, histogram};

use crate::{Progress, Task, TaskError, task::chain};

/// Tells the processes that serve streams what happened.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// Tells all that listen now. Who does not reads the events back later.
    async fn publish(&self, events: &[StampedEvent]) -> Result<(), TaskError>;
}

/// Gives events their place and publishes them.
pub struct Relay {
    events: Arc<dyn EventRelay>,
    feed: Arc<dyn Publisher>,
    wake: Arc<dyn Wake>,
    clock: Arc<dyn Clock>,
}

impl Relay {
    /// One transaction and one publish each; a larger batch keeps its first event waiting longer.
    const BATCH: u32 = 500;

    /// Wires the task.
    pub fn new(
        events: Arc<dyn EventRelay>,
        feed: Arc<dyn Publisher>,
        (wake, clock): (Arc<dyn Wake>, Arc<dyn Clock>),
    ) -> Self {
        Self { events, feed, wake, clock }
    }

    fn measure(&self, events: &[StampedEvent]) {
        let now = self.clock.now();
        for event in events {
            let lag = now.signed_duration_since(event.at).to_std().unwrap_or_default();
            histogram!("event_relay_lag_seconds").record(lag);
        }
    }
}

#[async_trait]
impl Task for Relay {
    async fn run(&self) -> Result<Progress, TaskError> {
        let events = self.events.stamp(Self::BATCH).await?;
        if events.is_empty() {
            return Ok(Progress::Done);
        }
        if events.iter().any(|stamped| About::is_told(stamped.event.kind)) {
            self.wake.wake(Queue::Tasks); // a customer's server may have to be told
        }
        // Stamped is what counts: streams that miss a message find the event by its place.
        if let Err(error) = self.feed.publish(&events).await {
            counter!("event_publish_failures_total").increment(1);
            tracing::warn!(error = chain(&*error), "{} events not published", events.len());
        }
        self.measure(&events);
        let full = u32::try_from(events.len()).is_ok_and(|count| count >= Self::BATCH);
        Ok(if full { Progress::More } else { Progress::Done })
    }
}
