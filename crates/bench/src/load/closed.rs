use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{Connection, Outcome, Requests};

/// When a run ends; a request under way is always finished.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After this long.
    Elapsed(Duration),
    /// After this many requests.
    Count(u64),
}

/// Each connection asks again as soon as it has its answer.
///
/// # Errors
/// When a connection breaks: what became of its request cannot be known then.
pub(crate) async fn closed(
    target: SocketAddr,
    connections: usize,
    until: Until,
    mut requests: Requests,
) -> anyhow::Result<Outcome> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(target).await?);
    }
    let left = Arc::new(AtomicU64::new(match until {
        Until::Elapsed(_) => u64::MAX,
        Until::Count(count) => count,
    }));
    let started = Instant::now();
    let deadline = match until {
        Until::Elapsed(length) => Some(started + length),
        Until::Count(_) => None,
    };
    let mut tasks = JoinSet::new();
    for connection in open {
        tasks.spawn(ask(connection, requests.another(), Arc::clone(&left), deadline));
    }
    let mut outcome = Outcome::default();
    while let Some(done) = tasks.join_next().await {
        outcome.absorb(done??);
    }
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

async fn ask(
    mut connection: Connection,
    mut requests: Requests,
    left: Arc<AtomicU64>,
    deadline: Option<Instant>,
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut request = Vec::new();
    let take = || left.try_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    let mut now = Instant::now();
    while deadline.is_none_or(|deadline| now < deadline) && take().is_ok() {
        requests.write(&mut request);
        let status = connection.send(&request).await?.status;
        let answered = Instant::now();
        outcome.record(status, super::open::micros(answered - now));
        now = answered;
    }
    Ok(outcome)
}
