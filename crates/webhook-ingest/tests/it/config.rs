use std::net::IpAddr;

use runtime::config::{Source, load};
use webhook_ingest::Config;

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
fn needs_neither_gateways_nor_a_list_of_sources() {
    let config = read("").unwrap();
    assert!(config.gateways.stripe.is_none() && config.gateways.btcpay.is_none());
    assert!(config.callbacks.known_sources.is_empty());
}

#[test]
fn reads_who_is_expected() {
    let config = read("[callbacks]\nknown_sources = [\"188.42.218.183\", \"::1\"]").unwrap();
    let expected: [IpAddr; 2] = ["188.42.218.183".parse().unwrap(), "::1".parse().unwrap()];
    assert_eq!(config.callbacks.known_sources, expected);
    let refused = read("[callbacks]\nknown_sources = [\"somewhere\"]").unwrap_err();
    assert!(refused.contains("callbacks.known_sources"), "{refused}");
}
