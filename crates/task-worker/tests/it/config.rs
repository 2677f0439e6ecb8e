use std::time::Duration;

use runtime::config::{Source, load};
use task_worker::Config;

const NEEDED: &str = "
    [database]
    url = \"postgres://switchboard@localhost/switchboard\"
    [redis]
    session_url = \"redis://localhost:1\"
    cache_url = \"redis://localhost:2\"
    ratelimit_url = \"redis://localhost:3\"
    [secrets]
    seal_key = \"abababababababababababababababababababababababababababababababab\"
";

fn read(more: &str) -> Result<Config, String> {
    let source = Source::new(&format!("{NEEDED}{more}"), Vec::<(String, String)>::new()).unwrap();
    load(&source).map(|loaded| loaded.config).map_err(|faults| faults.to_string())
}

#[test]
fn everything_has_a_default() {
    let config = read("").unwrap();
    assert_eq!(config.tasks.relay, Duration::from_millis(250));
    assert_eq!(config.retention.idempotency_keys, Duration::from_hours(7 * 24));
    assert_eq!(config.tasks.orphan_after, Duration::from_mins(3));
}

#[test]
fn patience_follows_the_providers_deadline() {
    assert_eq!(read("").unwrap().settle_patience(), Duration::from_secs(15));
    let slow = read("[providers]\ntimeout_ms = 30000").unwrap();
    assert_eq!(slow.settle_patience(), Duration::from_secs(35));
    let own = read("[tasks]\nsettle_patience_seconds = 60").unwrap();
    assert_eq!(own.settle_patience(), Duration::from_mins(1));
}

#[test]
fn a_purchase_is_not_given_up_while_its_provider_may_answer() {
    // 10 s for the provider, and up to 4 s until it is asked.
    let refused = read("[tasks]\nsettle_patience_seconds = 14").unwrap_err();
    for key in ["tasks.settle_patience_seconds", "providers.ask_within_ms", "providers.timeout_ms"]
    {
        assert!(refused.contains(key), "{refused}");
    }
    read("[tasks]\nsettle_patience_seconds = 15").unwrap();
    let quick = "[tasks]\nsettle_patience_seconds = 14\n[providers]\nask_within_ms = 3900";
    read(quick).unwrap();
    let slow = "[tasks]\nsettle_patience_seconds = 15\n[providers]\nask_within_ms = 5000";
    read(slow).unwrap_err();
}
