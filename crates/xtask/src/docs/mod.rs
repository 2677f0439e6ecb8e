//! The documentation keeps its promises: links lead somewhere, invariants are tested, alerts have
//! runbooks.

mod alerts;
mod invariants;
mod links;
mod markdown;

use std::collections::BTreeSet;

use cargo_metadata::camino::Utf8PathBuf;

use crate::report::Report;
use crate::source;
use crate::workspace::{self, Workspace};

/// Documents in the root of the checkout.
const ROOT_DOCUMENTS: [&str; 4] = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
const INVARIANTS: &str = "docs/invariants.md";
const ALERTS: &str = "deploy/prometheus/alerts.yml";
/// The crate whose sources are contract suites, thus tests.
const CONTRACTS: &str = "testkit";

/// Checks links, and that invariants and their citations match.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let documents = documents(workspace)?;
    for path in &documents {
        let text = workspace::read(path)?;
        let folder = path.parent().unwrap_or_else(|| workspace.root());
        let broken = links::broken(&text, folder, path, &workspace.relative(path));
        report.findings.extend(broken);
    }
    report.notes.push(format!("{} documents", documents.len()));
    let invariants = workspace.root().join(INVARIANTS);
    if invariants.exists() {
        let declared = invariants::declared(&workspace::read(&invariants)?);
        let cited = citations(workspace)?;
        report.notes.push(format!("{} invariants", declared.len()));
        report.findings.extend(invariants::broken(&declared, &cited, INVARIANTS));
    } else {
        report.notes.push(format!("{INVARIANTS} does not exist: citations are not checked"));
    }
    let rules = workspace.root().join(ALERTS);
    if rules.exists() {
        let alerts = alerts::read(&workspace::read(&rules)?);
        let recorded = recorded(workspace)?;
        let exists = |path: &str| workspace.root().join(path).exists();
        report.notes.push(format!("{} alerts, {} metrics", alerts.len(), recorded.len()));
        report.findings.extend(alerts::broken(&alerts, ALERTS, &recorded, exists));
    }
    Ok(report)
}

/// Every metric that some source records.
fn recorded(workspace: &Workspace) -> anyhow::Result<BTreeSet<String>> {
    let (parsed, _) = source::parse(workspace.sources()?);
    Ok(parsed.iter().flat_map(|file| alerts::recorded(&file.file.text)).collect())
}

fn documents(workspace: &Workspace) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let mut documents = workspace.files("docs", "md")?;
    let root = ROOT_DOCUMENTS.iter().map(|name| workspace.root().join(name));
    documents.extend(root.filter(|path| path.exists()));
    Ok(documents)
}

/// Every invariant named in a test, in a contract suite or in a migration.
fn citations(workspace: &Workspace) -> anyhow::Result<Vec<invariants::Citation>> {
    let (parsed, _) = source::parse(workspace.sources()?);
    let mut cited = Vec::new();
    for file in &parsed {
        let all = file.file.package == CONTRACTS;
        let found = invariants::cited(&file.file.text, &file.file.path);
        cited.extend(found.into_iter().filter(|one| all || file.tests_line(one.line)));
    }
    for path in workspace.files("migrations", "sql")? {
        cited.extend(invariants::cited(&workspace::read(&path)?, &workspace.relative(&path)));
    }
    Ok(cited)
}
