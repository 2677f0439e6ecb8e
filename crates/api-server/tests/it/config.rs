use std::time::Duration;

use api_server::Config;
use runtime::config::{Source, load, reference};

fn config(more: &str) -> Config {
    let key = "ab".repeat(32);
    let toml = format!(
        "[database]\nurl = \"postgres://a@localhost/a\"\n[secrets]\nseal_key = \"{key}\"\n\
         [redis]\nsession_url = \"redis://a\"\ncache_url = \"redis://a\"\n\
         ratelimit_url = \"redis://a\"\n{more}"
    );
    let source = Source::new(&toml, Vec::<(String, String)>::new()).unwrap();
    load::<Config>(&source).unwrap().config
}

#[test]
fn a_purchase_may_wait_for_every_provider_it_asks() {
    assert_eq!(config("").request_time(), Duration::from_mins(1));
    let slow = config("[providers]\ntimeout_ms = 20000");
    assert!(slow.request_time() > slow.providers.timeout * 5);
}

#[test]
fn streams_leave_connections_to_others() {
    let streams = config("").streams;
    assert_eq!((streams.most, streams.most_per_user), (12_000, 8));
    assert_eq!(streams.most_waits_per_user, 100);
    assert!(reference::<Config>().contains("most_per_user"));
}
