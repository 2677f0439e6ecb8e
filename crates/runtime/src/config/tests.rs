use std::io::Write as _;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::*;

/// A binary's configuration with one key of each kind.
#[derive(Debug)]
struct Sample {
    http: Http,
    database: Database,
    redis: Redis,
    pay: Pay,
    fx: Option<Fx>,
}

#[derive(Debug)]
struct Pay {
    keys: Vec<SecretString>,
    live: bool,
    margin: String,
    hosts: Vec<String>,
}

#[derive(Debug)]
struct Fx {
    base: HttpUrl,
    patience: std::time::Duration,
}

impl Section for Sample {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            http: keys.section("http"),
            database: keys.section("database"),
            redis: keys.section("redis"),
            pay: keys.section("pay"),
            fx: keys.optional_section("fx"),
        }
    }
}

impl Section for Pay {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            keys: keys.required("keys"),
            live: keys.or("live", false),
            margin: keys.decimal("margin", "0.15"),
            hosts: keys.or("hosts", Vec::new()),
        }
    }
}

impl Section for Fx {
    fn read(keys: &mut Keys<'_>) -> Self {
        Self { base: keys.required("base"), patience: keys.millis("patience_ms", 500, 1..=60_000) }
    }
}

const FILE: &str = r#"
[database]
url = "postgres://app:hunter2@localhost/app"

[redis]
session_url = "redis://:hunter2@localhost:6379"
cache_url = "redis://localhost:6380"
ratelimit_url = "rediss://localhost:6381"

[pay]
keys = ["hunter2", "hunter3"]

[someone_elses]
anything = 1
"#;

fn read(toml: &str, env: &[(&str, &str)]) -> Result<Loaded<Sample>, Faults> {
    load(&Source::new(toml, env.iter().copied()).unwrap())
}

fn faults(toml: &str, env: &[(&str, &str)]) -> String {
    read(toml, env).unwrap_err().to_string()
}

/// A file with `content` that lives as long as the test process.
fn secret_file(name: &str, content: &str) -> String {
    let path: PathBuf = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    std::fs::File::create(&path).unwrap().write_all(content.as_bytes()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn fills_in_defaults() {
    let sample = read(FILE, &[]).unwrap().config;
    assert_eq!(sample.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(sample.database.max_connections, 16);
    assert_eq!(sample.redis.ratelimit_url.expose_secret(), "rediss://localhost:6381");
    assert!(!sample.pay.live);
    assert_eq!(sample.pay.margin, "0.15");
    assert!(sample.fx.is_none());
}

#[test]
fn the_environment_beats_the_file() {
    let env = [
        ("SWITCHBOARD__DATABASE__URL", "postgres://env@localhost/app"),
        ("SWITCHBOARD__DATABASE__MAX_CONNECTIONS", "3"),
        ("SWITCHBOARD__PAY__LIVE", "true"),
        ("SWITCHBOARD__PAY__HOSTS", "one.example, two.example"),
        ("SWITCHBOARD__FX__BASE", "https://fx.example/"),
    ];
    let sample = read(FILE, &env).unwrap().config;
    assert_eq!(sample.database.url.expose_secret(), "postgres://env@localhost/app");
    assert_eq!(sample.database.max_connections, 3);
    assert!(sample.pay.live);
    assert_eq!(sample.pay.hosts, ["one.example", "two.example"]);
    let fx = sample.fx.unwrap();
    assert_eq!(fx.base.as_str(), "https://fx.example");
    assert_eq!(fx.patience.as_millis(), 500);
}

#[test]
fn text_that_looks_like_a_number_stays_text() {
    let sample = read(FILE, &[("SWITCHBOARD__PAY__KEYS", "0012,1e5")]).unwrap().config;
    let keys: Vec<_> = sample.pay.keys.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(keys, ["0012", "1e5"]);
}

#[test]
fn an_empty_variable_counts_as_absent() {
    let sample = read(FILE, &[("SWITCHBOARD__DATABASE__URL", "")]).unwrap().config;
    assert_eq!(sample.database.url.expose_secret(), "postgres://app:hunter2@localhost/app");
}

#[test]
fn a_twin_names_the_file_with_the_value() {
    let path = secret_file("twin", "postgres://file@localhost/app\n");
    let sample = read(FILE, &[("SWITCHBOARD__DATABASE__URL_FILE", &path)]).unwrap().config;
    assert_eq!(sample.database.url.expose_secret(), "postgres://file@localhost/app");

    let toml = FILE.replace("url = \"postgres://app:hunter2@localhost/app\"", "url_file = \"/x\"");
    let env = [("SWITCHBOARD__DATABASE__URL", "postgres://env@localhost/app")];
    let sample = read(&toml, &env).unwrap().config;
    assert_eq!(sample.database.url.expose_secret(), "postgres://env@localhost/app");
}

#[test]
fn a_key_and_its_twin_in_one_place_contradict() {
    let env = [
        ("SWITCHBOARD__DATABASE__URL", "postgres://env@localhost/app"),
        ("SWITCHBOARD__DATABASE__URL_FILE", "/run/secrets/url"),
    ];
    let expected = "database.url (SWITCHBOARD__DATABASE__URL): \
                    is set twice: remove it or database.url_file";
    assert_eq!(faults(FILE, &env), expected);
}

#[test]
fn a_twin_that_cannot_be_read_is_a_fault() {
    let env = [("SWITCHBOARD__DATABASE__URL_FILE", "/nonexistent/url")];
    let text = faults(FILE, &env);
    assert!(text.starts_with("database.url (SWITCHBOARD__DATABASE__URL): cannot read"), "{text}");
}

#[test]
fn lists_all_faults_at_once() {
    let toml = r#"
stray = 1

[http]
listen = "nowhere"
lisen = "127.0.0.1:1"

[database]
url = "mysql://app:hunter2@localhost/app"
max_connections = "many"

[redis]
session_url = "localhost:6379"
cache_url = "redis://localhost"

[pay]
live = 1
margin = 0.15
"#;
    let env = [
        ("SWITCHBOARD__FX__PATIENCE_MS", "0"),
        ("SWITCHBOARD__HTTP__LISTEN__PORT", "80"),
        ("SWITCHBOARD__LOOSE", "1"),
        ("OTHER__HTTP__LISTEN", "ignored"),
    ];
    let expected = [
        "http.listen (SWITCHBOARD__HTTP__LISTEN): must be an address with a port, such as \
         127.0.0.1:8080",
        "http.lisen (SWITCHBOARD__HTTP__LISEN): is not a known key",
        "http.listen.port (SWITCHBOARD__HTTP__LISTEN__PORT): is not a known key",
        "database.url (SWITCHBOARD__DATABASE__URL): must be an address starting with postgres:// \
         or postgresql://",
        "database.max_connections (SWITCHBOARD__DATABASE__MAX_CONNECTIONS): must be a whole \
         number from 1 to 512",
        "redis.session_url (SWITCHBOARD__REDIS__SESSION_URL): must be an address starting with \
         redis:// or rediss://",
        "redis.ratelimit_url (SWITCHBOARD__REDIS__RATELIMIT_URL): is required but not set",
        "pay.keys (SWITCHBOARD__PAY__KEYS): is required but not set",
        "pay.live (SWITCHBOARD__PAY__LIVE): must be true or false",
        "pay.margin (SWITCHBOARD__PAY__MARGIN): must be a decimal in quotes, such as \"0.15\"",
        "fx.base (SWITCHBOARD__FX__BASE): is required but not set",
        "fx.patience_ms (SWITCHBOARD__FX__PATIENCE_MS): must be a whole number from 1 to 60000",
        "stray (SWITCHBOARD__STRAY): is not in any section",
        "loose (SWITCHBOARD__LOOSE): is not in any section",
    ];
    let listed = faults(toml, &env);
    assert_eq!(listed.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn sections_of_other_binaries_are_reported_but_not_refused() {
    let loaded = read(FILE, &[("SWITCHBOARD__ELSEWHERE__KEY", "x")]).unwrap();
    assert_eq!(loaded.ignored, ["someone_elses", "elsewhere"]);
}

#[test]
fn cross_field_rules_are_faults_too() {
    let source = Source::new("[shutdown]\ndrain_seconds = 60", [("", "")]).unwrap();
    let text = load::<OnlyShutdown>(&source).unwrap_err().to_string();
    assert!(text.ends_with("must not exceed shutdown.grace_seconds"), "{text}");
}

#[derive(Debug)]
struct OnlyShutdown;

impl Section for OnlyShutdown {
    fn read(keys: &mut Keys<'_>) -> Self {
        let _: Shutdown = keys.section("shutdown");
        Self
    }
}

#[test]
fn never_shows_a_secret() {
    let sample = read(FILE, &[]).unwrap().config;
    assert!(!format!("{sample:?}").contains("hunter"));

    let swapped =
        FILE.replace("postgres://app", "http://app").replace("[pay]", "[pay]\nx = 'hunter4'");
    let text = faults(&swapped, &[("SWITCHBOARD__REDIS__CACHE_URL", "hunter5")]);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(!text.contains("hunter"), "{text}");

    let broken = FILE.replace("localhost/app\"", "localhost/app");
    let text = Source::new(&broken, [("", "")]).err().unwrap().to_string();
    assert_eq!(text, "the configuration file is not valid TOML at line 3");
}

#[test]
fn an_address_to_be_logged_holds_no_password() {
    let env = [("SWITCHBOARD__FX__BASE", "https://me:hunter2@fx.example")];
    let text = faults(FILE, &env);
    assert!(text.contains("without user and password"), "{text}");
}

#[test]
fn the_reference_lists_every_key_and_is_valid_toml() {
    let text = reference::<Sample>();
    assert!(text.contains("[database]\n"), "{text}");
    assert!(text.contains("url = \"\" # required\n"), "{text}");
    assert!(text.contains("#max_connections = 16\n"), "{text}");
    assert!(text.contains("# A whole number from 1 to 60000 (SWITCHBOARD__FX__PATIENCE_MS)\n"));
    text.parse::<toml::Table>().unwrap();
    let uncommented: String = text
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .filter(|line| !line.ends_with('='))
        .flat_map(|line| [line, "\n"])
        .collect();
    let uncommented: toml::Table = uncommented.parse().unwrap();
    assert_eq!(uncommented["database"]["max_connections"].as_integer(), Some(16));
    assert_eq!(uncommented["pay"]["hosts"].as_array().unwrap().len(), 0);
}
