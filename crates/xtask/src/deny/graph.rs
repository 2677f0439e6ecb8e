//! The crates that are really linked.

use std::collections::{HashMap, HashSet};

use cargo_metadata::{Dependency, Metadata, Node, Package, PackageId};

/// What is reachable from the workspace.
///
/// Cargo also reports optional dependencies that nothing enables when a feature mentions them
/// weakly (`ring?/std`). Those edges are left out here, as a build leaves them out.
pub(super) struct Graph<'data> {
    packages: Vec<&'data Package>,
    users: HashMap<&'data PackageId, Vec<&'data str>>,
    members: HashSet<&'data PackageId>,
}

impl<'data> Graph<'data> {
    /// `None` when `metadata` was read without dependencies.
    pub(super) fn new(metadata: &'data Metadata) -> Option<Self> {
        let nodes = &metadata.resolve.as_ref()?.nodes;
        let nodes: HashMap<_, _> = nodes.iter().map(|node| (&node.id, node)).collect();
        let packages: HashMap<_, _> =
            metadata.packages.iter().map(|package| (&package.id, package)).collect();
        let members: HashSet<_> = metadata.workspace_members.iter().collect();
        let mut users: HashMap<&PackageId, Vec<&str>> = HashMap::new();
        let mut seen = members.clone();
        let mut open: Vec<_> = members.iter().copied().collect();
        while let Some(id) = open.pop() {
            let (Some(node), Some(package)) = (nodes.get(id), packages.get(id)) else { continue };
            for next in linked(node, package, &packages) {
                users.entry(next).or_default().push(package.name.as_str());
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        let mut packages: Vec<_> = packages.into_values().collect();
        packages.retain(|package| seen.contains(&package.id));
        packages.sort_by_key(|package| (package.name.as_str(), &package.version));
        Some(Self { packages, users, members })
    }

    /// Sorted by name and version.
    pub(super) fn packages(&self) -> &[&'data Package] {
        &self.packages
    }

    /// Names of the crates that depend on `id` directly.
    pub(super) fn users(&self, id: &PackageId) -> &[&'data str] {
        self.users.get(id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_member(&self, id: &PackageId) -> bool {
        self.members.contains(id)
    }
}

/// The dependencies of `package` without optional ones that no enabled feature asks for.
fn linked<'data>(
    node: &'data Node,
    package: &'data Package,
    packages: &HashMap<&'data PackageId, &'data Package>,
) -> Vec<&'data PackageId> {
    let is_linked = |id: &PackageId| {
        let Some(target) = packages.get(id) else { return true };
        let same = |one: &&Dependency| one.name.as_str() == target.name.as_str();
        let mut declared = package.dependencies.iter().filter(same).peekable();
        declared.peek().is_none()
            || declared.any(|one| !one.optional || is_enabled(node, package, one))
    };
    node.deps.iter().map(|dependency| &dependency.pkg).filter(|id| is_linked(id)).collect()
}

fn is_enabled(node: &Node, package: &Package, dependency: &Dependency) -> bool {
    let key = dependency.rename.as_deref().unwrap_or(&dependency.name);
    let asks = |value: &String| {
        let value = value.strip_prefix("dep:").unwrap_or(value);
        value == key || value.strip_prefix(key).is_some_and(|rest| rest.starts_with('/'))
    };
    let enabled = node.features.iter().filter_map(|feature| package.features.get(feature.as_str()));
    enabled.flatten().any(asks)
}
