//! The checkout: where it is, its crates and its files.

use std::fs;

use anyhow::Context as _;
use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::source::SourceFile;

/// Directories of a crate that hold Rust code.
const CODE: [&str; 4] = ["src", "tests", "benches", "examples"];

/// The workspace around the current directory.
pub(crate) struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    /// Asks cargo, which also proves that every manifest is readable.
    pub(crate) fn discover() -> anyhow::Result<Self> {
        let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
        Ok(Self { metadata })
    }

    pub(crate) fn root(&self) -> &Utf8Path {
        &self.metadata.workspace_root
    }

    pub(crate) fn target_dir(&self) -> &Utf8Path {
        &self.metadata.target_directory
    }

    /// The crates of this workspace, without what they depend on.
    pub(crate) fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    /// `path` as findings show it.
    pub(crate) fn relative(&self, path: &Utf8Path) -> String {
        path.strip_prefix(self.root()).unwrap_or(path).as_str().replace('\\', "/")
    }

    /// Files below `folder` whose name ends in `.{extension}`; none when there is no such folder.
    pub(crate) fn files(&self, folder: &str, extension: &str) -> anyhow::Result<Vec<Utf8PathBuf>> {
        let mut found = Vec::new();
        collect(&self.root().join(folder), extension, &mut found)?;
        found.sort();
        Ok(found)
    }

    /// Every Rust file of every crate.
    pub(crate) fn sources(&self) -> anyhow::Result<Vec<SourceFile>> {
        let mut sources = Vec::new();
        for package in self.members() {
            let home = package.manifest_path.parent().unwrap_or_else(|| self.root());
            let mut paths = Vec::new();
            for folder in CODE {
                collect(&home.join(folder), "rs", &mut paths)?;
            }
            paths.extend(Some(home.join("build.rs")).filter(|path| path.exists()));
            paths.sort();
            for path in paths {
                let text = read(&path)?;
                sources.push(SourceFile::new(package.name.as_str(), self.relative(&path), text));
            }
        }
        Ok(sources)
    }
}

/// The text of a file; the error names it.
pub(crate) fn read(path: &Utf8Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {path}"))
}

fn collect(folder: &Utf8Path, extension: &str, into: &mut Vec<Utf8PathBuf>) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in folder.read_dir_utf8().with_context(|| format!("listing {folder}"))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(entry.path(), extension, into)?;
        } else if entry.path().extension() == Some(extension) {
            into.push(entry.path().to_owned());
        }
    }
    Ok(())
}
