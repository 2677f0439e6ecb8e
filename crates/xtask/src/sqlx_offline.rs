//! Keeps `.sqlx`, what the query macros know of the database when they compile without one.
//!
//! The macros write one file per query while they expand against a live database. So this compiles
//! infra with the macros online and collects what they write.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{Message, PackageId};

use crate::report::{Finding, Report};
use crate::workspace::Workspace;

/// The only crate with queries.
const PACKAGE: &str = "infra";
const FOLDER: &str = ".sqlx";
/// Gives this build of infra its own files in the target directory, so that the everyday build
/// stays fresh. Nothing else is compiled anew: the setting concerns this package alone.
const OWN_BUILD: &str = "profile.dev.package.infra.codegen-units=199";
const CHARACTERS_SHOWN: usize = 70;

/// Metadata by file name.
type Queries = BTreeMap<String, Vec<u8>>;

/// Finds queries that `.sqlx` lacks, knows otherwise, or knows in vain.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Report> {
    let generated = generate(workspace)?;
    let stored = read(&workspace.root().join(FOLDER))?;
    let mut report = Report::of(differences(&stored, &generated));
    report.notes.push(format!("{} queries", generated.len()));
    Ok(report)
}

/// Makes `.sqlx` what it should be, touching only files that differ.
pub(crate) fn prepare(workspace: &Workspace) -> anyhow::Result<Report> {
    let generated = generate(workspace)?;
    let folder = workspace.root().join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("creating {folder}"))?;
    let stored = read(&folder)?;
    let mut report = Report::default();
    for (name, content) in generated.iter().filter(|(name, new)| stored.get(*name) != Some(new)) {
        fs::write(folder.join(name), content).with_context(|| format!("writing {name}"))?;
        report.notes.push(format!("wrote {name}: {}", statement(content)));
    }
    for (name, content) in stored.iter().filter(|(name, _)| !generated.contains_key(*name)) {
        fs::remove_file(folder.join(name)).with_context(|| format!("removing {name}"))?;
        report.notes.push(format!("removed {name}: {}", statement(content)));
    }
    report.notes.push(format!("{} queries", generated.len()));
    Ok(report)
}

fn generate(workspace: &Workspace) -> anyhow::Result<Queries> {
    ensure!(
        variable("DATABASE_URL").is_some_and(|url| !url.is_empty()),
        "DATABASE_URL must name a migrated database"
    );
    let folder = Scratch::create(workspace.target_dir())?;
    let stale = compile(workspace, &folder.path)?;
    if !stale.is_empty() {
        // Cargo saw no reason to compile these, so their macros wrote nothing. Without its result
        // a target is compiled.
        for path in &stale {
            fs::remove_file(path).with_context(|| format!("removing {path}"))?;
        }
        ensure!(compile(workspace, &folder.path)?.is_empty(), "cargo did not compile {PACKAGE}");
    }
    read(&folder.path)
}

/// Compiles all targets of infra with the macros online. Returns the results that cargo reused.
fn compile(workspace: &Workspace, folder: &Utf8Path) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let members = workspace.members();
    let infra = members.iter().find(|package| package.name == PACKAGE);
    let infra = &infra.with_context(|| format!("there is no crate {PACKAGE}"))?.id;
    let mut child = Command::new(variable("CARGO").as_deref().unwrap_or("cargo"))
        .args(["check", "-p", PACKAGE, "--all-targets", "--config", OWN_BUILD])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace.root())
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", folder)
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo check")?;
    let output = child.stdout.take().context("cargo check has no output")?;
    let messages = Message::parse_stream(std::io::BufReader::new(output));
    let reused = messages.map(|message| Ok(reused(message?, infra)));
    let reused: anyhow::Result<Vec<_>> = reused.collect();
    if !child.wait()?.success() {
        bail!("cargo check failed");
    }
    Ok(reused?.concat())
}

#[expect(clippy::disallowed_methods, reason = "cargo and the query macros are told by these")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn reused(message: Message, package: &PackageId) -> Vec<Utf8PathBuf> {
    match message {
        // The build script holds no queries.
        Message::CompilerArtifact(result)
            if result.fresh
                && result.package_id == *package
                && !result.target.is_custom_build() =>
        {
            result.filenames
        }
        _ => Vec::new(),
    }
}

/// The metadata files in `folder`; none when there is no such folder.
fn read(folder: &Utf8Path) -> anyhow::Result<Queries> {
    let mut queries = Queries::new();
    if !folder.is_dir() {
        return Ok(queries);
    }
    for entry in folder.read_dir_utf8().with_context(|| format!("listing {folder}"))? {
        let entry = entry?;
        let name = entry.file_name();
        if name.starts_with("query-") && entry.path().extension() == Some("json") {
            let content = fs::read(entry.path()).with_context(|| format!("reading {name}"))?;
            queries.insert(name.to_owned(), content);
        }
    }
    Ok(queries)
}

fn differences(stored: &Queries, generated: &Queries) -> Vec<Finding> {
    let found = |name: &str, problem: &str, content: &[u8]| {
        Finding::of(&format!("{FOLDER}/{name}"), format!("{problem}: {}", statement(content)))
    };
    let wanted = generated.iter().filter_map(|(name, new)| match stored.get(name) {
        None => Some(found(name, "missing", new)),
        Some(old) if old != new => Some(found(name, "stale", new)),
        Some(_) => None,
    });
    let unwanted = stored.iter().filter(|(name, _)| !generated.contains_key(*name));
    wanted.chain(unwanted.map(|(name, old)| found(name, "superfluous", old))).collect()
}

/// The beginning of the query, on one line.
fn statement(content: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(content).unwrap_or_default();
    let query = json.get("query").and_then(serde_json::Value::as_str).unwrap_or_default();
    let line = query.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(CHARACTERS_SHOWN).collect()
}

/// A folder that is removed when dropped.
struct Scratch {
    path: Utf8PathBuf,
}

impl Scratch {
    fn create(parent: &Utf8Path) -> anyhow::Result<Self> {
        let path = parent.join(format!("xtask-sqlx-{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("creating {path}"))?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queries(entries: &[(&str, &str)]) -> Queries {
        let json = |query: &str| serde_json::json!({ "query": query }).to_string().into_bytes();
        entries.iter().map(|(name, query)| ((*name).to_owned(), json(query))).collect()
    }

    #[test]
    fn tells_missing_stale_and_superfluous_queries() {
        let stored =
            queries(&[("query-a.json", "a"), ("query-b.json", "b"), ("query-c.json", "c")]);
        let generated =
            queries(&[("query-a.json", "a"), ("query-b.json", "b2"), ("query-d.json", "d\n  d")]);
        let found = differences(&stored, &generated);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        let expected = [
            ".sqlx/query-b.json: stale: b2",
            ".sqlx/query-d.json: missing: d d",
            ".sqlx/query-c.json: superfluous: c",
        ];
        assert_eq!(found, expected);
        assert_eq!(differences(&stored, &stored), []);
    }

    #[test]
    fn notices_results_that_cargo_reused() {
        let artifact = |package: &str, fresh: bool| {
            let json = serde_json::json!({
                "reason": "compiler-artifact", "package_id": package, "fresh": fresh,
                "manifest_path": "/x/Cargo.toml", "features": [], "executable": null,
                "filenames": ["/x/libx.rmeta"],
                "target": {
                    "name": "x", "kind": ["lib"], "crate_types": ["lib"], "src_path": "/x/lib.rs",
                },
                "profile": {
                    "opt_level": "0", "debuginfo": 0, "debug_assertions": true,
                    "overflow_checks": true, "test": false,
                },
            });
            serde_json::from_value::<Message>(json).unwrap()
        };
        let infra = PackageId { repr: "infra".to_owned() };
        assert_eq!(reused(artifact("infra", true), &infra), ["/x/libx.rmeta"]);
        assert_eq!(reused(artifact("infra", false), &infra), [""; 0]);
        assert_eq!(reused(artifact("domain", true), &infra), [""; 0]);
    }
}
