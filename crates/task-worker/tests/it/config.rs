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
    assert_eq!(config.tasks.keep_keys, Duration::from_hours(7 * 24));
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
    let refused = read("[tasks]\nsettle_patience_seconds = 10").unwrap_err();
    assert!(refused.contains("tasks.settle_patience_seconds"), "{refused}");
}
