//! Enforces the bans, licences and sources of `deny.toml`, which cargo-deny understands as well.
//! Advisories need a database from the network and stay with that tool.

mod config;
mod graph;
mod licence;

use std::collections::BTreeMap;

use anyhow::Context as _;
use cargo_metadata::{MetadataCommand, Package};

use self::config::{Config, Level};
use self::graph::Graph;
use crate::report::{Finding, Report};
use crate::workspace::{self, Workspace};

const CONFIG: &str = "deny.toml";
const LOCK: &str = "Cargo.lock";

/// Checks every crate that a build for one of the configured targets links.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Report> {
    let text = workspace::read(&workspace.root().join(CONFIG))?;
    let config: Config = toml::from_str(&text).context(CONFIG)?;
    let mut command = MetadataCommand::new();
    command.current_dir(workspace.root());
    let targets = config.graph.targets.iter();
    let filters = targets.flat_map(|target| ["--filter-platform".to_owned(), target.clone()]);
    command.other_options(filters.chain(["--locked".to_owned()]).collect::<Vec<_>>());
    let metadata = command.exec().context("cargo metadata")?;
    let graph = Graph::new(&metadata).context("cargo metadata returned no dependency graph")?;
    let mut report = Report::default();
    report.findings.extend(banned(&config, &graph));
    report.findings.extend(unlicensed(&config, &graph)?);
    report.findings.extend(foreign(&config, &graph));
    let duplicates = duplicates(&config, &graph);
    match config.bans.multiple_versions {
        Level::Allow => {}
        Level::Warn => report.notes.extend(duplicates),
        Level::Deny => {
            let refused = duplicates.into_iter().map(|message| Finding::of(LOCK, message));
            report.findings.extend(refused);
        }
    }
    report.notes.push(format!("{} crates linked", graph.packages().len()));
    Ok(report)
}

/// Banned crates, unless only their wrappers depend on them.
fn banned(config: &Config, graph: &Graph<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in graph.packages() {
        let Some(ban) = config.bans.deny.iter().find(|ban| ban.name() == package.name.as_str())
        else {
            continue;
        };
        let users = graph.users(&package.id);
        let refused: Vec<_> = users.iter().filter(|user| !ban.wraps(user)).copied().collect();
        if !refused.is_empty() || ban.wrappers().is_empty() {
            let message = format!("{} is banned; used by {}", named(package), refused.join(", "));
            findings.push(Finding::of(LOCK, message));
        }
    }
    findings
}

fn unlicensed(config: &Config, graph: &Graph<'_>) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in graph.packages() {
        let name = package.name.as_str();
        let Some(expression) = &package.license else {
            let message = format!("{} states no licence", named(package));
            findings.push(Finding::of(LOCK, message));
            continue;
        };
        let allowed = licence::allows(expression, |licence| config.licenses.allows(name, licence))
            .with_context(|| format!("licence of {}", named(package)))?;
        if !allowed {
            let message = format!("{} is under {expression}", named(package));
            findings.push(Finding::of(LOCK, message));
        }
    }
    Ok(findings)
}

/// Crates that come neither from this workspace nor from an allowed source.
fn foreign(config: &Config, graph: &Graph<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in graph.packages() {
        let allowed = match &package.source {
            Some(source) => source.is_crates_io() || config.sources.allows(&source.repr),
            None => graph.is_member(&package.id),
        };
        if !allowed {
            let source = package.source.as_ref().map_or("a path", |source| &source.repr);
            findings.push(Finding::of(LOCK, format!("{} comes from {source}", named(package))));
        }
    }
    findings
}

fn duplicates(config: &Config, graph: &Graph<'_>) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for package in graph.packages() {
        let name = package.name.as_str();
        if !config.bans.skip.iter().any(|skip| skip.name() == name) {
            versions.entry(name).or_default().push(package.version.to_string());
        }
    }
    versions.retain(|_, versions| versions.len() > 1);
    let lines = versions.into_iter();
    lines.map(|(name, versions)| format!("{name} is linked as {}", versions.join(", "))).collect()
}

fn named(package: &Package) -> String {
    format!("{} {}", package.name, package.version)
}

#[cfg(test)]
mod tests;
