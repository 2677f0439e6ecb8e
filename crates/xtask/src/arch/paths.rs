//! Rules on what the source of a crate may name.

use crate::report::Finding;
use crate::source::{Mention, Parsed};

const BINARIES: [&str; 3] = ["api-server", "webhook-ingest", "task-worker"];

/// Words of HTTP, none of which the domain knows.
const HTTP: [&str; 3] = ["axum", "http", "reqwest"];

/// Ways to read the clock behind the back of the `Clock` port.
const CLOCKS: [&[&str]; 4] =
    [&["time", "SystemTime"], &["SystemTime", "now"], &["Instant", "now"], &["Utc", "now"]];

/// What `parsed` names and must not. Code that only tests compile may name anything, but an
/// `allow` attribute is refused there too.
pub(super) fn findings(parsed: &Parsed) -> Vec<Finding> {
    let path = &parsed.file.path;
    let allows = parsed.facts.allows.iter().map(|line| {
        Finding::at(path, *line, "use `#[expect(lint, reason = \"…\")]` instead of `allow`")
    });
    let ships = !parsed.is_test && path.contains("/src/");
    let mentions = parsed.facts.mentions.iter().filter(|mention| ships && !mention.in_test);
    let refused = mentions.filter_map(|mention| {
        let rule = refusal(&parsed.file.package, path, mention)?;
        let written = mention.segments.join("::");
        Some(Finding::at(path, mention.line, format!("`{written}`: {rule}")))
    });
    allows.chain(refused).collect()
}

fn refusal(package: &str, path: &str, mention: &Mention) -> Option<&'static str> {
    let root = mention.segments.first()?.as_str();
    if root == "sqlx" && package != "infra" {
        return Some("only infra speaks SQL");
    }
    let is_adapter = matches!(root, "infra" | "wiring");
    if is_adapter && BINARIES.contains(&package) && !path.ends_with("/src/wiring.rs") {
        return Some("only wiring.rs knows infra");
    }
    if package != "domain" {
        return None;
    }
    if HTTP.contains(&root) {
        return Some("the domain knows nothing of HTTP");
    }
    if mention.segments.iter().any(|segment| segment == "tokio" || segment == "tokio_util") {
        return Some("the domain has no runtime");
    }
    let reads = |clock: &[&str]| mention.segments.windows(clock.len()).any(|pair| pair == clock);
    CLOCKS.iter().any(|clock| reads(clock)).then_some("ask the Clock port")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{self, SourceFile};

    fn broken(package: &str, file: &str, text: &str) -> Vec<String> {
        let path = format!("crates/{package}/{file}");
        let (parsed, unparsed) =
            source::parse(vec![SourceFile::new(package, path, text.to_owned())]);
        assert_eq!(unparsed, []);
        parsed.iter().flat_map(findings).map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn lets_only_the_wiring_know_infra() {
        let text = "use infra::postgres::PgStore;\nfn f() { infra::http::client() }";
        for package in BINARIES {
            assert_eq!(broken(package, "src/wiring.rs", text), [""; 0]);
            assert_eq!(broken(package, "src/routes/wiring.rs", text).len(), 2);
            let found = broken(package, "src/main.rs", text);
            assert_eq!(found.len(), 2);
            let first = "src/main.rs:1: `infra::postgres::PgStore`: only wiring.rs knows infra";
            assert!(found.first().unwrap().ends_with(first));
        }
        assert_eq!(broken("ctl", "src/main.rs", text), [""; 0]);
    }

    #[test]
    fn sees_infra_inside_a_macro_and_behind_a_rename() {
        assert_eq!(broken("api-server", "src/a.rs", "fn f() { join!(infra::x()) }").len(), 1);
        assert_eq!(broken("api-server", "src/a.rs", "use infra as backends;").len(), 1);
        assert_eq!(broken("api-server", "src/a.rs", "extern crate infra as i;").len(), 1);
        assert_eq!(broken("api-server", "src/a.rs", "use {infra, std::fmt};").len(), 1);
    }

    #[test]
    fn keeps_sql_inside_infra() {
        let text = "async fn f() { sqlx::query!(\"SELECT 1\"); }";
        assert_eq!(broken("infra", "src/a.rs", text), [""; 0]);
        for package in ["api-server", "ctl", "domain", "testkit"] {
            assert_eq!(broken(package, "src/a.rs", text).len(), 1);
        }
    }

    #[test]
    fn keeps_http_and_the_runtime_out_of_the_domain() {
        let text = "use axum::Json;\nuse http::StatusCode;\nuse reqwest::Client;\n\
                    use tokio::sync::Mutex;\nfn f() { tokio_util::x() }";
        assert_eq!(broken("domain", "src/a.rs", text).len(), 5);
        assert_eq!(broken("http-kit", "src/a.rs", text), [""; 0]);
    }

    #[test]
    fn keeps_clocks_out_of_the_domain() {
        for text in [
            "use std::time::SystemTime;",
            "use std::time::{Duration, SystemTime};",
            "fn f() { Instant::now(); }",
            "fn f() { chrono::Utc::now(); }",
            "fn f() { log!(Utc::now()); }",
        ] {
            assert_eq!(broken("domain", "src/a.rs", text).len(), 1, "{text}");
            assert_eq!(broken("infra", "src/a.rs", text), [""; 0]);
        }
        assert_eq!(broken("domain", "src/a.rs", "use chrono::{DateTime, Utc};"), [""; 0]);
    }

    #[test]
    fn leaves_tests_alone_except_for_allow() {
        let text =
            "#[cfg(test)]\nmod tests {\n    use tokio::time;\n    #[allow(x)]\n    fn f() {}\n}";
        let found = broken("domain", "src/a.rs", text);
        assert_eq!(found.len(), 1);
        assert!(found.first().unwrap().starts_with("crates/domain/src/a.rs:4: use `#[expect("));
        assert_eq!(broken("domain", "tests/it/main.rs", "use tokio::time;"), [""; 0]);
        assert_eq!(broken("domain", "tests/it/main.rs", "#![allow(x)]").len(), 1);
    }
}
