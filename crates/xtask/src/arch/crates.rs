//! Who may depend on whom. The table mirrors the one in the architecture document.

use cargo_metadata::{Dependency, DependencyKind};

/// What one crate of ours may depend on.
struct Row {
    name: &'static str,
    /// Crates of ours it may link.
    ours: &'static [&'static str],
    /// Crates of ours it may link behind a feature.
    optional: &'static [&'static str],
    /// Adapter crates it may use in the code it ships.
    adapters: &'static [&'static str],
    /// Whether its tests may use any adapter crate.
    tests_adapters: bool,
    /// Whether its tests may link crates of ours.
    tests_link: bool,
    /// When given, nothing else from outside is allowed in the code it ships.
    outside: Option<&'static [&'static str]>,
}

/// Crates that do I/O to a backend. Everybody else reaches those through a port.
const ADAPTERS: [&str; 4] = ["sqlx", "redis", "deadpool-redis", "reqwest"];

/// A crate that may link `ours` and no adapter.
const fn row(name: &'static str, ours: &'static [&'static str]) -> Row {
    Row {
        name,
        ours,
        optional: &[],
        adapters: &[],
        tests_adapters: false,
        tests_link: true,
        outside: None,
    }
}

const PURE: [&str; 6] = ["async-trait", "chrono", "serde", "thiserror", "tracing", "uuid"];
const BINARY: &[&str] = &["domain", "http-kit", "infra", "rpc", "runtime", "wiring"];

const TABLE: [Row; 17] = [
    Row { outside: Some(&PURE), ..row("domain", &[]) },
    Row { adapters: &ADAPTERS, tests_adapters: true, ..row("infra", &["domain"]) },
    row("http-kit", &["domain"]),
    row("runtime", &[]),
    row("rpc", &[]),
    row("wiring", &["domain", "infra", "runtime"]),
    row("api-server", BINARY),
    row("webhook-ingest", BINARY),
    row("task-worker", BINARY),
    row("ctl", &["domain", "infra", "runtime", "wiring"]),
    Row { adapters: &["reqwest"], tests_link: false, ..row("sandbox", &[]) },
    Row { optional: &["infra"], ..row("testkit", &["domain"]) },
    Row { adapters: &["reqwest"], tests_adapters: true, tests_link: false, ..row("e2e", &[]) },
    Row { tests_link: false, ..row("bench", &["http-kit", "runtime"]) },
    Row { adapters: &["reqwest"], tests_link: false, ..row("chaos", &[]) },
    row(
        "fuzz",
        &["api-server", "domain", "http-kit", "infra", "runtime", "webhook-ingest", "wiring"],
    ),
    row("xtask", &[]),
];

/// A dependency the table refuses, or a crate it does not know.
#[derive(Debug)]
pub(super) struct Broken {
    /// The key in the manifest.
    pub(super) dependency: Option<String>,
    pub(super) message: String,
}

/// Everything `name` depends on and must not. `ours` are the crates of this workspace.
pub(super) fn broken(name: &str, dependencies: &[Dependency], ours: &[&str]) -> Vec<Broken> {
    let Some(row) = TABLE.iter().find(|row| row.name == name) else {
        let message = format!("{name} has no row in the dependency table of `xtask arch`");
        return vec![Broken { dependency: None, message }];
    };
    dependencies
        .iter()
        .filter_map(|dependency| {
            let message = row.refusal(dependency, ours.contains(&dependency.name.as_str()))?;
            let key = dependency.rename.as_ref().unwrap_or(&dependency.name);
            Some(Broken { dependency: Some(key.clone()), message })
        })
        .collect()
}

impl Row {
    fn refusal(&self, dependency: &Dependency, is_ours: bool) -> Option<String> {
        let on = dependency.name.as_str();
        let in_tests = dependency.kind == DependencyKind::Development;
        let name = self.name;
        if is_ours {
            let linked = self.ours.contains(&on)
                || (dependency.optional && self.optional.contains(&on))
                || (in_tests && self.tests_link);
            return (!linked).then(|| format!("{name} must not depend on {on}"));
        }
        if ADAPTERS.contains(&on) {
            let used = self.adapters.contains(&on) || (in_tests && self.tests_adapters);
            return (!used).then(|| format!("{name} must not depend on {on}: infra does"));
        }
        let outside = self.outside.filter(|_| !in_tests)?;
        (!outside.contains(&on))
            .then(|| format!("{name} must not depend on {on}: only {} are", outside.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [&str; 6] = ["domain", "infra", "http-kit", "runtime", "testkit", "e2e"];

    fn dependency(name: &str, kind: &str, optional: bool) -> Dependency {
        let json = serde_json::json!({
            "name": name, "req": "*", "kind": kind, "optional": optional,
            "uses_default_features": true, "features": [],
        });
        serde_json::from_value(json).unwrap()
    }

    fn refused(name: &str, on: &str, kind: &str) -> bool {
        !broken(name, &[dependency(on, kind, false)], &OURS).is_empty()
    }

    #[test]
    fn keeps_the_domain_to_its_list() {
        assert!(!refused("domain", "chrono", "normal"));
        assert!(refused("domain", "tokio", "normal"));
        assert!(refused("domain", "tokio", "build"));
        assert!(!refused("domain", "tokio", "dev"));
        assert!(refused("domain", "infra", "normal"));
        assert!(!refused("domain", "testkit", "dev"));
    }

    #[test]
    fn keeps_adapters_inside_infra() {
        for adapter in ADAPTERS {
            assert!(!refused("infra", adapter, "normal"));
            assert!(refused("api-server", adapter, "normal"));
            assert!(refused("ctl", adapter, "normal"));
            assert!(refused("ctl", adapter, "dev"));
            assert!(!refused("e2e", adapter, "dev"));
        }
        assert!(!refused("sandbox", "reqwest", "normal"));
        assert!(refused("sandbox", "sqlx", "normal"));
    }

    #[test]
    fn lets_crates_link_only_what_lies_below_them() {
        assert!(!refused("api-server", "http-kit", "normal"));
        assert!(refused("runtime", "domain", "normal"));
        assert!(refused("http-kit", "infra", "normal"));
        assert!(refused("infra", "runtime", "normal"));
        assert!(refused("ctl", "http-kit", "normal"));
        assert!(refused("api-server", "testkit", "normal"));
        assert!(!refused("api-server", "testkit", "dev"));
        assert!(refused("sandbox", "domain", "dev"));
        assert!(refused("e2e", "domain", "dev"));
    }

    #[test]
    fn lets_testkit_have_infra_only_behind_a_feature_or_in_tests() {
        assert!(refused("testkit", "infra", "normal"));
        assert!(!refused("testkit", "infra", "dev"));
        assert!(broken("testkit", &[dependency("infra", "normal", true)], &OURS).is_empty());
    }

    #[test]
    fn asks_for_a_row_for_every_crate() {
        let broken = broken("newcomer", &[], &OURS);
        assert!(broken.first().unwrap().message.contains("newcomer has no row"));
    }

    #[test]
    fn names_a_renamed_dependency_by_its_key() {
        let mut renamed = dependency("sqlx", "normal", false);
        renamed.rename = Some("database".to_owned());
        let broken = broken("ctl", &[renamed], &OURS);
        assert_eq!(broken.first().unwrap().dependency.as_deref(), Some("database"));
    }
}
