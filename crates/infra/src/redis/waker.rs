use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_redis::redis::Pipeline;
use domain::outbox::{Queue, Wake};
use metrics::counter;
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Redis, RedisError},
    subscription::{Heard, Subscription},
};

/// Pokes of one queue within this time become one: under load a task worker finds more work per
/// poke instead of being poked more often.
const COALESCE: Duration = Duration::from_millis(5);
const QUEUES: [Queue; 2] = [Queue::Events, Queue::Tasks];

const fn channel(queue: Queue) -> &'static str {
    match queue {
        Queue::Events => "switchboard:wake:events",
        Queue::Tasks => "switchboard:wake:tasks",
    }
}

/// Pokes the task worker, whichever process it is in.
#[derive(Debug, Clone)]
pub struct Waker {
    pending: Arc<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    /// One per entry of [`QUEUES`].
    flags: [AtomicBool; QUEUES.len()],
    raised: Notify,
}

impl Waker {
    /// The waker, and what publishes its pokes until `stop`; spawn that.
    pub fn new(
        redis: Redis,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let pending = Arc::new(Pending::default());
        let publish = publish(redis, Arc::clone(&pending), stop);
        (Self { pending }, publish)
    }
}

impl Wake for Waker {
    fn wake(&self, queue: Queue) {
        for (flag, known) in self.pending.flags.iter().zip(QUEUES) {
            // Raised already means that a poke is about to be published.
            if known == queue && !flag.swap(true, Ordering::AcqRel) {
                self.pending.raised.notify_one();
            }
        }
    }
}

impl Pending {
    /// Empty when there is nothing to publish.
    fn take(&self) -> Pipeline {
        let mut pokes = Pipeline::new();
        for (flag, queue) in self.flags.iter().zip(QUEUES) {
            // Lowered before publishing: a poke that comes later is not taken for this one.
            if flag.swap(false, Ordering::AcqRel) {
                pokes.publish(channel(queue), "").ignore();
            }
        }
        pokes
    }
}

async fn publish(redis: Redis, pending: Arc<Pending>, stop: CancellationToken) {
    let mut stopping = false;
    while !stopping {
        tokio::select! {
            () = pending.raised.notified() => sleep(COALESCE).await,
            // What was poked last is published before the end.
            () = stop.cancelled() => stopping = true,
        }
        let pokes = pending.take();
        if pokes.is_empty() {
            continue;
        }
        let outcome: Result<(), RedisError> = redis.run_all(&pokes).await;
        if let Err(error) = outcome {
            // The worker's timer finds the work; the connection has told of the outage.
            counter!("wakes_lost_total").increment(1);
            tracing::debug!(%error, "a poke was lost");
        }
    }
}

/// Hears the pokes of all processes.
#[derive(Debug, Clone, Default)]
pub struct WakeListener {
    /// One per entry of [`QUEUES`]; each remembers one poke until it is waited for.
    heard: Arc<[Notify; QUEUES.len()]>,
}

impl WakeListener {
    /// The listener, and what listens until `stop`; spawn that.
    pub fn new(
        redis: Redis,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let listener = Self::default();
        let channels = QUEUES.map(|queue| channel(queue).to_owned()).to_vec();
        let subscription = Subscription::new(redis, channels, "wake");
        let hearing = listener.clone();
        (listener, subscription.run(stop, move |heard| hearing.hear(&heard)))
    }

    /// Completes when `queue` was poked since it last completed. Pokes while nobody waits are
    /// remembered as one; may complete without a poke, after a lost connection for instance.
    pub async fn woken(&self, queue: Queue) {
        for (notify, known) in self.heard.iter().zip(QUEUES) {
            if known == queue {
                notify.notified().await;
            }
        }
    }

    /// The next queue that is poked, for a worker that serves all of them in one place.
    pub async fn next(&self) -> Queue {
        tokio::select! {
            () = self.woken(Queue::Events) => Queue::Events,
            () = self.woken(Queue::Tasks) => Queue::Tasks,
        }
    }

    fn hear(&self, heard: &Heard) {
        for (notify, queue) in self.heard.iter().zip(QUEUES) {
            let concerns = match heard {
                Heard::Message { channel: heard, .. } => heard == channel(queue),
                Heard::Gap => true,
            };
            if concerns {
                notify.notify_one();
            }
        }
    }
}
