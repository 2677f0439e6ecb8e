//! A light load generator: plain HTTP/1.1 over keep-alive connections, all on one thread.

mod closed;
mod http;
mod open;
mod requests;
mod stream;

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

pub(crate) use self::{
    closed::{Until, closed},
    http::Connection,
    open::open,
    requests::{Kind, Requests},
    stream::EventStream,
};
use crate::stats::{counter, percentile_ms};

/// What a run of requests gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) seconds: f64,
    /// Requests answered with 200.
    pub(crate) good: u64,
    /// All other answers by status.
    pub(crate) refused: BTreeMap<u16, u64>,
    latencies_us: Vec<u32>,
}

impl Outcome {
    fn record(&mut self, status: u16, latency_us: u32) {
        if status == 200 {
            self.good += 1;
            self.latencies_us.push(latency_us);
        } else {
            *self.refused.entry(status).or_default() += 1;
        }
    }

    /// Counts something good that took so long.
    pub(crate) fn took(&mut self, time: Duration) {
        self.record(200, open::micros(time));
    }

    /// The rate of all of it in so many seconds.
    pub(crate) fn over(self, seconds: f64) -> Rate {
        Self { seconds, ..self }.rate()
    }

    fn absorb(&mut self, other: Self) {
        self.good += other.good;
        self.latencies_us.extend(other.latencies_us);
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
    }

    pub(crate) fn rate(mut self) -> Rate {
        self.latencies_us.sort_unstable();
        Rate {
            per_second: counter(self.good) / self.seconds,
            p50_ms: percentile_ms(&self.latencies_us, 50.0),
            p99_ms: percentile_ms(&self.latencies_us, 99.0),
            good: self.good,
            refused: self.refused.values().sum(),
        }
    }
}

/// How fast something went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) good: u64,
    pub(crate) refused: u64,
}

impl Rate {
    pub(crate) fn json(&self) -> Value {
        json!({
            "per_second": self.per_second,
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "good": self.good,
            "refused": self.refused,
        })
    }
}
