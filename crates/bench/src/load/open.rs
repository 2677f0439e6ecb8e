use std::{
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, mpsc},
    task::{JoinSet, spawn_blocking},
};

use super::{Connection, Outcome, Requests};

/// Sends requests at a fixed rate, whether or not earlier ones were answered.
///
/// A latency counts from the moment its request was due, so that a stall is charged to every
/// request it delays.
pub(crate) async fn open(
    target: SocketAddr,
    connections: usize,
    (rate, length): (u32, Duration),
    mut requests: Requests,
) -> anyhow::Result<Outcome> {
    let (sender, due) = mpsc::unbounded_channel();
    let due = Arc::new(Mutex::new(due));
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let connection = Connection::open(target).await?;
        tasks.spawn(answer(connection, requests.another(), Arc::clone(&due)));
    }
    let started = Instant::now();
    // A thread of its own: the timers of the runtime are a millisecond coarse.
    let pacer = spawn_blocking(move || {
        let interval = Duration::from_secs(1) / rate;
        let mut next = Instant::now();
        let end = next + length;
        while next < end {
            thread::sleep(next.saturating_duration_since(Instant::now()));
            if sender.send(next).is_err() {
                break;
            }
            next += interval;
        }
    });
    pacer.await?;
    let mut outcome = Outcome::default();
    while let Some(done) = tasks.join_next().await {
        outcome.absorb(done??);
    }
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

async fn answer(
    mut connection: Connection,
    mut requests: Requests,
    due: Arc<Mutex<mpsc::UnboundedReceiver<Instant>>>,
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut request = Vec::new();
    loop {
        let Some(due) = due.lock().await.recv().await else { return Ok(outcome) };
        requests.write(&mut request);
        let status = connection.send(&request).await?.status;
        outcome.record(status, micros(due.elapsed()));
    }
}

pub(super) fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
