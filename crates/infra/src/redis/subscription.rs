//! Listening to channels over a connection of its own, for as long as the process runs.

use std::{convert::Infallible, time::Duration};

use aws_lc_rs::rand;
use deadpool_redis::redis::aio::{PubSubSink, PubSubStream};
use futures_util::StreamExt;
use metrics::counter;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::connection::{Chain, Redis, RedisError};

/// The first pause before connecting again; doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that lasted this long starts over at the first pause.
const STABLE: Duration = Duration::from_secs(10);

/// What is heard while listening.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Message {
        channel: String,
        payload: Vec<u8>,
    },
    /// Something may have been missed: the connection is new, or there has been none for a while.
    Gap,
}

/// Channels and how to listen to them.
pub(super) struct Subscription {
    pub(super) redis: Redis,
    pub(super) channels: Vec<String>,
    /// The name in metrics and logs.
    pub(super) purpose: &'static str,
    /// How often the server is asked whether it is there. A listener sends nothing else, so that a
    /// connection dead at the other end would stay silent for hours.
    pub(super) ping_every: Duration,
    /// How long the answer may take.
    pub(super) ping_patience: Duration,
}

impl Subscription {
    pub(super) fn new(redis: Redis, channels: Vec<String>, purpose: &'static str) -> Self {
        let (ping_every, ping_patience) = (Duration::from_secs(10), Duration::from_secs(3));
        Self { redis, channels, purpose, ping_every, ping_patience }
    }

    /// Listens until `stop`, connecting again whenever the connection is lost.
    pub(super) async fn run(self, stop: CancellationToken, mut hear: impl FnMut(Heard) + Send) {
        stop.run_until_cancelled(async {
            let (mut failures, mut connections) = (0_u32, 0_u64);
            loop {
                let (started, before) = (Instant::now(), connections);
                let Err(error) = self.listen(&mut connections, &mut hear).await;
                let was_connected = connections > before;
                if was_connected && started.elapsed() >= STABLE {
                    failures = 0;
                }
                if was_connected || failures == 0 {
                    let (purpose, error) = (self.purpose, Chain(&error));
                    tracing::warn!(redis.purpose = purpose, %error, "not listening for {purpose}");
                }
                let pause = pause(failures);
                failures = failures.saturating_add(1);
                if pause >= LONGEST_PAUSE / 2 {
                    // So that whoever listens does not live on old news during a long outage.
                    hear(Heard::Gap);
                }
                sleep(pause).await;
            }
        })
        .await;
    }

    /// One connection, from its beginning to its end.
    async fn listen(
        &self,
        connections: &mut u64,
        hear: &mut (impl FnMut(Heard) + Send),
    ) -> Result<Infallible, RedisError> {
        let (mut sink, stream) = self.redis.subscriber().await?.split();
        match timeout(self.ping_patience, sink.subscribe(&self.channels)).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(RedisError::Silent),
        }
        if *connections > 0 {
            counter!("redis_reconnects_total", "purpose" => self.purpose).increment(1);
        }
        *connections = connections.wrapping_add(1);
        // Only now: what is read from here on is not missed.
        hear(Heard::Gap);
        tokio::select! {
            () = read(stream, hear) => Err(RedisError::Closed),
            outcome = self.watch(sink) => outcome,
        }
    }

    /// Ends when the server is found gone.
    async fn watch(&self, mut sink: PubSubSink) -> Result<Infallible, RedisError> {
        loop {
            sleep(self.ping_every).await;
            match timeout(self.ping_patience, sink.ping::<()>()).await {
                Ok(outcome) => outcome?,
                Err(_) => return Err(RedisError::Silent),
            }
        }
    }
}

/// Ends when the connection is closed.
async fn read(mut stream: PubSubStream, hear: &mut (impl FnMut(Heard) + Send)) {
    while let Some(message) = stream.next().await {
        let channel = message.get_channel_name().to_owned();
        hear(Heard::Message { channel, payload: message.get_payload_bytes().to_vec() });
    }
}

/// Half of it is left to chance, so that a restarted server is not stormed.
fn pause(failures: u32) -> Duration {
    let full = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
    let mut byte = [0];
    // Without chance the pause is merely not spread.
    let _ = rand::fill(&mut byte);
    full.mul_f64(0.5 + f64::from(u8::from_ne_bytes(byte)) / 510.0)
}

#[cfg(test)]
mod tests;
