//! The architecture, as rules that can fail.

mod crates;
mod files;
mod paths;

use anyhow::Context as _;

use crate::report::{Finding, Report};
use crate::source;
use crate::workspace::{self, Workspace};

/// Checks the dependency table, the manifests, the sources and the names of the migrations.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Report> {
    let members = workspace.members();
    let ours: Vec<&str> = members.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &members {
        let text = workspace::read(&package.manifest_path)?;
        let manifest = workspace.relative(&package.manifest_path);
        findings.extend(manifest_findings(package, &ours, &manifest, &text)?);
    }
    let (parsed, unparsed) = source::parse(workspace.sources()?);
    findings.extend(unparsed);
    findings.extend(parsed.iter().flat_map(paths::findings));
    let migrations = workspace.files("migrations", "sql")?;
    let migrations: Vec<_> = migrations.iter().map(|path| workspace.relative(path)).collect();
    findings.extend(files::misnamed_migrations(&migrations));
    let mut report = Report::of(findings);
    report.notes.push(format!(
        "{} crates, {} Rust files, {} migrations",
        members.len(),
        parsed.len(),
        migrations.len()
    ));
    Ok(report)
}

fn manifest_findings(
    package: &cargo_metadata::Package,
    ours: &[&str],
    manifest: &str,
    text: &str,
) -> anyhow::Result<Vec<Finding>> {
    let mut findings: Vec<_> = crates::broken(package.name.as_str(), &package.dependencies, ours)
        .into_iter()
        .map(|broken| {
            let line = broken.dependency.and_then(|name| files::line_of_dependency(text, &name));
            Finding { path: manifest.to_owned(), line, message: broken.message }
        })
        .collect();
    if !files::inherits_lints(text).with_context(|| format!("reading {manifest}"))? {
        findings.push(Finding::of(manifest, "lacks `[lints] workspace = true`"));
    }
    Ok(findings)
}
