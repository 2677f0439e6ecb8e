use testkit::{Alone, Outcome};

#[test]
fn starts_before_its_backends_and_says_that_it_is_not_ready() -> Outcome {
    let alone = Alone::start(env!("CARGO_BIN_EXE_task-worker"))?;
    assert!(alone.ask("GET /health")?.starts_with("HTTP/1.1 200 "));
    let ready = alone.ask("GET /health/ready")?;
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
    assert!(ready.ends_with(r#"{"status":"failed","checks":{"database":"failed"}}"#), "{ready}");
    // Without Redis nobody leads, so that the tasks run, and without Postgres they fail.
    let metrics = alone.ask("GET /metrics")?;
    assert!(metrics.contains("task_leader{task=\"relay\"} 0"), "{metrics}");
    let (well, log) = alone.terminate()?;
    assert!(well, "{log}");
    Ok(())
}
