//! I-15: a binary that cannot work says so, completely, and keeps the secrets it was given.

use std::process::Output;

use tokio::process::Command;

use crate::support::{place, variable_of};

const BINARIES: [&str; 3] = ["api-server", "webhook-ingest", "task-worker"];

/// Settings that are all wrong in different ways, with something secret in most of them.
const WRONG: [(&str, &str); 8] = [
    ("http.listen", "nowhere"),
    ("database.url", "mysql://switchboard:tell-nobody-1@localhost/x"),
    ("database.max_connections", "many"),
    ("redis.session_url", "http://:tell-nobody-2@localhost"),
    ("redis.cache_url", "tell-nobody-3"),
    ("secrets.seal_key", "tell-nobody-4"),
    ("providers.timeout_ms", "1"),
    ("log.format", "colourful"),
];

#[tokio::test]
async fn names_every_fault_and_no_secret() {
    for binary in BINARIES {
        let output = run(binary, &[], &WRONG).await;
        let told = told(&output);
        assert_eq!(output.status.code(), Some(2), "{binary}: {told}");
        let faulty = WRONG.iter().map(|(path, _)| *path).chain(["redis.ratelimit_url"]);
        for path in faulty {
            let line = told.lines().find(|line| line.contains(path));
            let line = line.unwrap_or_else(|| panic!("{binary} says nothing of {path}: {told}"));
            assert!(line.contains(&variable_of(path)), "{binary}: {line}");
            let words = line.split_once("): ").map_or("", |(_, words)| words);
            assert!(words.split(' ').count() >= 2, "{binary} does not explain: {line}");
        }
        assert!(!told.contains("tell-nobody"), "{binary} tells a secret: {told}");
    }
}

#[tokio::test]
async fn names_everything_that_is_missing() {
    for binary in BINARIES.into_iter().chain(["ctl"]) {
        let arguments: &[&str] =
            if binary == "ctl" { &["customer", "show", "--email", "x@example.com"] } else { &[] };
        let output = run(binary, arguments, &[]).await;
        let told = told(&output);
        assert_eq!(output.status.code(), Some(2), "{binary}: {told}");
        assert!(told.contains("SWITCHBOARD__DATABASE__URL"), "{binary}: {told}");
        if binary != "ctl" {
            assert!(told.contains("SWITCHBOARD__REDIS__CACHE_URL"), "{binary}: {told}");
            assert!(told.contains("SWITCHBOARD__SECRETS__SEAL_KEY"), "{binary}: {told}");
        }
    }
}

#[tokio::test]
async fn refuses_settings_that_contradict_each_other() {
    let short_window = [("orders.lifetime_seconds", "5"), ("orders.min_cancel_seconds", "6")];
    refuses("api-server", &short_window, "orders.min_cancel_seconds").await;
    let impatient = [("tasks.settle_patience_seconds", "2"), ("providers.timeout_ms", "3000")];
    refuses("task-worker", &impatient, "tasks.settle_patience_seconds").await;
    let half = [("stripe.api_base", "https://api.stripe.com")];
    refuses("webhook-ingest", &half, "stripe.secret_key").await;
    let mistyped = [("orders.lifetime_second", "60")];
    refuses("api-server", &mistyped, "orders.lifetime_second").await;
}

async fn refuses(binary: &str, settings: &[(&str, &str)], path: &str) {
    let output = run(binary, &[], &[&GOOD[..], settings].concat()).await;
    let told = told(&output);
    assert_eq!(output.status.code(), Some(2), "{binary}: {told}");
    let faults = told.lines().filter(|line| line.contains("SWITCHBOARD__")).count();
    assert!(told.contains(path), "{binary}: {told}");
    assert!(faults >= 1, "{binary}: {told}");
}

/// Nobody listens at these addresses; checking a configuration connects to nothing.
const GOOD: [(&str, &str); 6] = [
    ("http.listen", "127.0.0.1:0"),
    ("database.url", "postgres://switchboard@127.0.0.1:1/x"),
    ("redis.session_url", "redis://127.0.0.1:1/0"),
    ("redis.cache_url", "redis://127.0.0.1:1/1"),
    ("redis.ratelimit_url", "redis://127.0.0.1:1/2"),
    ("secrets.seal_key", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
];

#[tokio::test]
async fn finds_nothing_wrong_with_a_good_configuration() {
    for binary in BINARIES {
        let output = run(binary, &["--check-config"], &GOOD).await;
        assert_eq!(output.status.code(), Some(0), "{binary}: {}", told(&output));
    }
}

async fn run(binary: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(place().binary(binary));
    command.args(arguments).env_clear().kill_on_drop(true);
    command.envs(settings.iter().map(|(path, value)| (variable_of(path), value)));
    command.output().await.unwrap()
}

fn told(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}
