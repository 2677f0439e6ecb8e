use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use runtime::{Exit, Supervisor};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

const GRACE: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn ends_clean_when_tasks_heed_the_soft_stop() {
    let supervisor = Supervisor::new(GRACE);
    let finished = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&finished);
    supervisor.spawn("careful", async move |stop: runtime::Stop| {
        stop.stopping().await;
        sleep(Duration::from_secs(5)).await;
        assert!(!stop.hard.is_cancelled());
        seen.store(true, Ordering::Release);
    });
    supervisor.stop().soft.cancel();
    assert_eq!(supervisor.wait().await, Exit::Clean);
    assert!(finished.load(Ordering::Acquire));
}

#[tokio::test(start_paused = true)]
async fn aborts_what_outlives_the_grace_period() {
    let supervisor = Supervisor::new(GRACE);
    supervisor.spawn("deaf", |_| std::future::pending::<()>());
    let stop = supervisor.stop();
    stop.soft.cancel();
    let started = Instant::now();
    assert_eq!(supervisor.wait().await, Exit::Aborted);
    assert!(stop.hard.is_cancelled());
    let took = started.elapsed();
    assert!(took >= GRACE && took <= GRACE + Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_hard_stop_cuts_the_grace_period_short() {
    let supervisor = Supervisor::new(GRACE);
    let said = Arc::new(AtomicBool::new(false));
    let last_words = Arc::clone(&said);
    supervisor.spawn("stubborn", async move |stop: runtime::Stop| {
        stop.hard.cancelled().await;
        last_words.store(true, Ordering::Release);
        std::future::pending::<()>().await;
    });
    let stop = supervisor.stop();
    stop.soft.cancel();
    stop.hard.cancel();
    let started = Instant::now();
    assert_eq!(supervisor.wait().await, Exit::Aborted);
    assert!(started.elapsed() < GRACE);
    assert!(said.load(Ordering::Acquire));
}

#[tokio::test(start_paused = true)]
async fn a_critical_task_that_ends_takes_the_process_with_it() {
    for ending in ["quietly", "error", "panic"] {
        let supervisor = Supervisor::new(GRACE);
        supervisor.spawn("bystander", async |stop: runtime::Stop| stop.stopping().await);
        supervisor.spawn("critical", async move |_| match ending {
            "quietly" => Ok(()),
            "error" => Err(io::Error::other("the socket is gone")),
            _ => panic!("on purpose"),
        });
        assert_eq!(supervisor.wait().await, Exit::Failed, "{ending}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_survives_errors_and_panics() {
    let handle = runtime::telemetry::metrics_handle().unwrap();
    let supervisor = Supervisor::new(GRACE);
    let runs = Arc::new(AtomicU32::new(0));
    let fourth = Arc::new(Semaphore::new(0));
    let (counted, reached) = (Arc::clone(&runs), Arc::clone(&fourth));
    supervisor.spawn_loop("flaky", move |stop| {
        let run = counted.fetch_add(1, Ordering::AcqRel);
        assert_ne!(run, 0, "on purpose, in the factory");
        let reached = Arc::clone(&reached);
        async move {
            match run {
                1 => panic!("on purpose, in the future"),
                2 => Err(io::Error::other("lost the connection")),
                _ => {
                    reached.add_permits(1);
                    stop.stopping().await;
                    Ok(())
                }
            }
        }
    });
    let _ = fourth.acquire().await.unwrap();
    supervisor.stop().soft.cancel();
    assert_eq!(supervisor.wait().await, Exit::Clean);
    assert_eq!(runs.load(Ordering::Acquire), 4);
    let metrics = handle.render();
    assert!(metrics.contains(r#"task_panics_total{task="flaky"} 2"#), "{metrics}");
    assert!(metrics.contains(r#"task_restarts_total{task="flaky"} 3"#), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_loop_waits_longer_after_each_failure_in_a_row() {
    let supervisor = Supervisor::new(GRACE);
    let (report, mut starts) = tokio::sync::mpsc::unbounded_channel();
    supervisor.spawn_loop("failing", move |_| {
        let sent = report.send(Instant::now());
        async move { sent.map_err(|_| io::Error::other("nobody listens")) }
    });
    let mut previous = starts.recv().await.unwrap();
    for exponent in 0..12 {
        let next = starts.recv().await.unwrap();
        let longest = Duration::from_millis(200 << exponent).min(Duration::from_secs(30));
        let pause = next - previous;
        assert!(pause >= longest / 2, "{pause:?} after failure {exponent}");
        assert!(pause <= longest + Duration::from_millis(1), "{pause:?} after failure {exponent}");
        previous = next;
    }
    supervisor.stop().soft.cancel();
    assert_eq!(supervisor.wait().await, Exit::Clean);
}

#[tokio::test(start_paused = true)]
async fn work_spawned_once_may_end_and_may_fail_but_is_waited_for() {
    let supervisor = Supervisor::new(GRACE);
    let stop = supervisor.stop();
    supervisor.spawn_once("short", async { Err::<(), _>(io::Error::other("not so bad")) });
    let finished = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&finished);
    supervisor.spawn_once("long", async move {
        stop.stopping().await;
        sleep(Duration::from_secs(3)).await;
        seen.store(true, Ordering::Release);
    });
    supervisor.stop().soft.cancel();
    assert_eq!(supervisor.wait().await, Exit::Clean);
    assert!(finished.load(Ordering::Acquire));
}
