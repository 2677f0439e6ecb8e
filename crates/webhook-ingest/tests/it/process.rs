use testkit::{Alone, Outcome};

#[test]
fn starts_before_its_backends_and_says_that_it_is_not_ready() -> Outcome {
    let alone = Alone::start(env!("CARGO_BIN_EXE_webhook-ingest"))?;
    assert!(alone.ask("GET /health")?.starts_with("HTTP/1.1 200 "));
    let ready = alone.ask("GET /health/ready")?;
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
    assert!(ready.ends_with(r#"{"status":"failed","checks":{"database":"failed"}}"#), "{ready}");
    assert!(alone.ask("POST /sms/guess")?.starts_with("HTTP/1.1 503 "));
    assert!(alone.ask("POST /stripe")?.starts_with("HTTP/1.1 404 "));
    assert!(alone.ask("GET /metrics")?.contains("sms_callbacks_total"));
    let (well, log) = alone.terminate()?;
    assert!(well, "{log}");
    Ok(())
}
