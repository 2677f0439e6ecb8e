//! Rules on manifests and on the names of files.

use std::collections::HashMap;

use crate::report::Finding;

/// Whether the manifest says `[lints] workspace = true`.
pub(super) fn inherits_lints(manifest: &str) -> Result<bool, toml::de::Error> {
    let table: toml::Table = manifest.parse()?;
    let inherits = table.get("lints").and_then(|lints| lints.get("workspace"));
    Ok(inherits.and_then(toml::Value::as_bool) == Some(true))
}

/// The line on which the manifest declares `key`.
pub(super) fn line_of_dependency(manifest: &str, key: &str) -> Option<usize> {
    let declares = |line: &str| {
        let line = line.trim_start_matches(['"', '\'']);
        let header = line.strip_prefix('[').and_then(|line| line.split("dependencies.").nth(1));
        let rest = header.unwrap_or(line).strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with([' ', '.', '=', '"', '\'', ']']))
    };
    manifest.lines().position(declares).map(|index| index + 1)
}

/// Migrations not named `YYYYMMDDHHMMSS_concern.sql`, and those that share a version.
pub(super) fn misnamed_migrations(paths: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut versions: HashMap<&str, &str> = HashMap::new();
    for path in paths {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some(version) = migration_version(name) else {
            findings.push(Finding::of(path, "is not named YYYYMMDDHHMMSS_concern.sql"));
            continue;
        };
        if let Some(other) = versions.insert(version, name) {
            findings.push(Finding::of(path, format!("has the version of {other}")));
        }
    }
    findings
}

fn migration_version(name: &str) -> Option<&str> {
    let (version, concern) = name.strip_suffix(".sql")?.split_once('_')?;
    let is_version = version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit());
    let is_concern = !concern.is_empty()
        && concern.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    (is_version && is_concern).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_the_lints_of_the_workspace() {
        assert!(inherits_lints("[lints]\nworkspace = true").unwrap());
        assert!(!inherits_lints("[lints]\nworkspace = false").unwrap());
        assert!(!inherits_lints("[package]\nname = \"x\"\n# [lints]\n# workspace = true").unwrap());
        inherits_lints("[lints").unwrap_err();
    }

    #[test]
    fn finds_the_line_of_a_dependency() {
        let manifest = "[dependencies]\nserde_json = \"1\"\nserde.workspace = true\n\
                        [dependencies.tokio]\nversion = \"1\"\n\"sqlx\" = \"0\"";
        assert_eq!(line_of_dependency(manifest, "serde"), Some(3));
        assert_eq!(line_of_dependency(manifest, "tokio"), Some(4));
        assert_eq!(line_of_dependency(manifest, "sqlx"), Some(6));
        assert_eq!(line_of_dependency(manifest, "axum"), None);
    }

    #[test]
    fn refuses_misnamed_migrations() {
        let refused = |name: &str| !misnamed_migrations(&[format!("migrations/{name}")]).is_empty();
        assert!(!refused("20260101000000_ledger_1.sql"));
        for name in [
            "2026010100000_ledger.sql",
            "202601010000000_ledger.sql",
            "2026010100000a_ledger.sql",
            "20260101000000_Ledger.sql",
            "20260101000000_.sql",
            "20260101000000.sql",
            "20260101000000-ledger.sql",
        ] {
            assert!(refused(name), "{name}");
        }
    }

    #[test]
    fn refuses_two_migrations_of_one_version() {
        let paths = ["migrations/20260101000000_a.sql", "migrations/20260101000000_b.sql"];
        let findings = misnamed_migrations(&paths.map(str::to_owned));
        assert_eq!(findings.len(), 1);
    }
}
