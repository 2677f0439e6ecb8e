//! I-16: durable tasks take effect once, whatever becomes of those who run them.

use crate::support::{Options, SOON, Server, Stack, eventually, until};

/// Tasks of a batch; a worker runs fewer at once, so that some always wait.
const BATCH: i64 = 60;

/// More tasks, each held for up to four seconds: longer than a lease.
async fn drill(stack: &Stack, name: &str) {
    let sql = "SELECT count(task_enqueue('canary', $1 || n || ':' || (n * 67 % 4000)))
               FROM generate_series(1, $2) AS n";
    let stored: i64 = sqlx::query_scalar(sql)
        .bind(format!("drill-{name}-"))
        .bind(BATCH)
        .fetch_one(stack.database.pool())
        .await
        .unwrap();
    assert_eq!(stored, BATCH);
}

async fn metric(worker: &Server, name: &str) -> f64 {
    worker.find_metric(name, &[("kind", "canary")]).await.unwrap_or_default()
}

/// Waits until that many processes have several tasks under way each: a single one may end before
/// its worker does.
async fn at_work(stack: &Stack, workers: i64) {
    let sql = "SELECT count(*) FROM (
                   SELECT FROM tasks WHERE run_at > now() AND worker IS NOT NULL
                   GROUP BY worker HAVING count(*) >= 4) AS busy";
    let what = format!("{workers} workers have tasks");
    until(&what, SOON, async || stack.database.one::<i64>(sql).await == workers).await;
}

/// Waits until `worker` has taken over what somebody else had begun.
async fn rescues(worker: &Server) {
    let before = metric(worker, "queue_leases_expired_total").await;
    until("its tasks are taken over", SOON, async || {
        metric(worker, "queue_leases_expired_total").await > before
    })
    .await;
}

#[tokio::test]
async fn does_each_task_once_while_workers_freeze_die_and_leave() {
    let options = Options::default().replicas(1, 2).with("tasks.lease_seconds", 2);
    let stack = Stack::start(options).await;
    let [first, second] = &stack.workers[..] else { panic!("two workers") };

    // A worker that was frozen for longer than its leases believes that it still has them.
    drill(&stack, "freeze").await;
    at_work(&stack, 2).await;
    second.process.signal("STOP");
    rescues(first).await;
    second.process.signal("CONT");
    until("it finds out", SOON, async || metric(second, "queue_zombie_finishes_total").await > 0.0)
        .await;

    for round in 0..3 {
        drill(&stack, &format!("kill-{round}")).await;
        at_work(&stack, 2).await;
        second.process.kill();
        rescues(first).await;
        second.start_again().await;
    }

    // One that is asked to end finishes what it began.
    drill(&stack, "leave").await;
    at_work(&stack, 2).await;
    first.stop().await;
    first.start_again().await;

    let left = "SELECT count(*) FROM tasks WHERE subject LIKE 'drill-%'";
    eventually("every task is done", SOON * 2, async || {
        let left = stack.database.one::<i64>(left).await;
        if left == 0 { Ok(()) } else { Err(format!("{left} left")) }
    })
    .await;
    let sung = "SELECT count(*) FROM task_canary WHERE subject LIKE 'drill-%'";
    let matters = "SELECT count(DISTINCT subject) FROM task_canary WHERE subject LIKE 'drill-%'";
    assert_eq!(stack.database.one::<i64>(sung).await, 5 * BATCH);
    assert_eq!(stack.database.one::<i64>(matters).await, 5 * BATCH);
    stack.finish().await;
}

#[tokio::test]
async fn refuses_to_start_beside_tasks_that_nobody_would_do() {
    let stack = Stack::start(Options::default()).await;
    let [worker] = &stack.workers[..] else { panic!("one worker") };
    worker.stop().await;
    let stored = "SELECT task_enqueue('from.the.future', '7')";
    stack.database.one::<i64>(stored).await;
    worker.process.start_again();
    assert_eq!(worker.process.exit_code(SOON).await, 1);
    assert!(worker.has_logged("no handler for stored tasks of kind from.the.future"));
    stack.database.one::<i64>("DELETE FROM tasks WHERE kind LIKE 'from%' RETURNING id").await;
    worker.start_again().await;
    stack.finish().await;
}

#[tokio::test]
async fn lets_operators_decide_what_becomes_of_dead_tasks() {
    let stack = Stack::start(Options::default()).await;
    // There are no such orders.
    for (sql, number) in [
        ("SELECT task_enqueue('order.close_upstream', '4711')", "4711"),
        ("SELECT task_enqueue('order.close_upstream', '4712')", "4712"),
    ] {
        let id = stack.database.one::<i64>(sql).await.to_string();
        let listed = eventually("it is given up", SOON, async || {
            let listed = stack.ctl.run(&["task", "list"]).await.to_string();
            if listed.contains(number) { Ok(listed) } else { Err(listed) }
        })
        .await;
        assert!(listed.contains("there is no such order"), "{listed}");
        let choice = if number == "4711" { "retry" } else { "discard" };
        let decision = ["task", choice, &id, "--operator", "Ada", "--reason", "a test"];
        stack.ctl.run(&decision).await;
    }
    let audit = "SELECT string_agg(action || ' ' || subject || ' ' || operator, ', ' ORDER BY id)
                 FROM task_audit";
    assert_eq!(stack.database.one::<String>(audit).await, "retry 4711 Ada, discard 4712 Ada");
    stack.finish().await;
}
